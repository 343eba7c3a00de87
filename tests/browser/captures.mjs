// captures.mjs: the page of a connection of others: with its keys all is named, without them what stayed
// closed is said; every rung can be chosen, nothing complains, and nothing is serious for axe.
import assert from "node:assert/strict";
import { accessibility, openBrowser, openFile } from "./browser.mjs";

const { context, page, complaints } = await openBrowser();
for (const { file, title, rungs, remark, verdict } of JSON.parse(process.env.HF_CASES)) {
  await openFile(page, `${process.env.HF_FOLDER}/${file}`);
  const said = await page.locator("#verdict").innerText();
  assert.ok(said.includes(title), `${file}: ${said}`);
  assert.ok(said.includes(remark), `${file}: ${said}`);
  assert.ok(!said.includes("proved that it is"), `${file}: nobody was authenticated`);
  const names = await page.locator("#timeline .rung .name").allInnerTexts();
  for (const name of rungs) assert.ok(names.some(n => n.replace(/\s+/g, " ") === name), `${file}: ${name} among ${names}`);
  assert.ok(!(await page.locator("#timeline").innerText()).includes("this side"), file);
  assert.equal(await page.locator("#failure").count(), verdict ? 1 : 0, file);
  if (verdict) assert.ok((await page.locator("#failure").innerText()).includes(verdict), file);
  for (const message of await page.locator("#timeline .rung button.message").all()) {
    await message.click();
    assert.notEqual(await page.locator("#bytes-title").innerText(), "", file);
  }
  assert.deepEqual(await accessibility(page), [], file);
  assert.deepEqual(complaints, [], file);
}
await context.close();
