// failures.mjs: a page of a failed connection opens at the failure: what was expected, what came, why, and
// what mends it; and at the byte or the check where it happened.
import assert from "node:assert/strict";
import { accessibility, openBrowser, openFile } from "./browser.mjs";

const { context, page, complaints } = await openBrowser();
for (const { file, sentence, at } of JSON.parse(process.env.HF_CASES)) {
  await openFile(page, `${process.env.HF_FOLDER}/${file}`);
  const title = await page.locator("#verdict").innerText();
  assert.match(title, /The handshake failed/, file);
  assert.ok(title.includes(sentence), `${file}: ${title}`);
  const box = await page.locator("#failure").boundingBox();
  assert.ok(box && box.y < 900, `${file}: the failure is seen at once`);
  const text = await page.locator("#failure").innerText();
  for (const part of ["What mends it", "Likely causes", "rule"].filter(p => p !== "rule" || at !== "none")) assert.ok(text.includes(part), `${file}: ${part} is missing in ${text}`);
  if (at === "check") {
    const check = page.locator("#certificates li.bad .value").first();
    assert.ok(await check.isVisible(), `${file}: the failing check is open`);
    await page.locator("#failure button", { hasText: "Show the check" }).click();
    assert.ok(await page.evaluate(() => document.activeElement.matches("#certificates li.bad")), file);
    assert.match(await page.locator("#bytes-title").innerText(), /Certificate/, file);
  } else if (at === "byte") {
    assert.equal(await page.locator(".hex .b.failed").count(), 1, file);
    assert.ok(await page.locator("#failure mark").isVisible(), file);
  } else if (at === "alert") {
    assert.match(await page.locator("#bytes-title").innerText(), /^Alert/, file);
  }
  assert.deepEqual(await accessibility(page), [], file);
  assert.deepEqual(complaints, [], file);
}
await context.close();
