// file.mjs: the page as a file: hover, click, keyboard, toggle, keys, comparing; no complaint, and nothing
// serious for axe, in light and dark and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessibility, openBrowser, openFile } from "./browser.mjs";

const [good, other, failed, json] = ["good.html", "tls12.html", "wrong-name.html", "tls12.json"].map(f => `${process.env.HF_FOLDER}/${f}`);

async function pointing() {
  const { context, page, complaints } = await openBrowser();
  await openFile(page, good);
  const info = page.locator("#bytes .info"), cell = i => page.locator(`.hex .b[data-i="${i}"]`);
  // byte to field: ClientHello's random is at 6
  await cell(6).hover();
  assert.match(await info.innerText(), /^random/);
  assert.match(await info.innerText(), /RFC 9846/);
  assert.equal(await page.locator(".hex .b.hot").count(), 32);
  await cell(10).click();
  assert.equal(await page.locator('.tree [aria-selected="true"] > .line .name').innerText(), "random");
  assert.equal(await page.locator(".hex .b.selected").count(), 32);
  // field to byte
  await page.locator(".tree .line", { has: page.locator('.name:text-is("legacy_version")') }).click();
  assert.deepEqual(await page.locator(".hex .b.selected").allInnerTexts(), ["03", "03"]);
  // every byte of the message belongs to a field
  const colourless = await page.locator(".hex .b:not([class*=' k'])").count();
  assert.equal(colourless, 0);
  // keyboard: arrows move, Enter selects
  await cell(10).click();
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.i), "26");
  for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  const name = await page.locator('.tree [aria-selected="true"] > .line .name').innerText();
  assert.notEqual(name, "random");
  await page.locator('.tree [tabindex="0"]').focus();
  const before = await page.evaluate(() => document.activeElement.innerText);
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await page.evaluate(() => document.activeElement.innerText), before);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "treeitem");
  // as sent: the record's header comes first, and the message behind it
  await page.locator("button", { hasText: "as sent" }).click();
  assert.deepEqual((await page.locator(".hex .b").allInnerTexts()).slice(0, 2), ["16", "03"]);
  await cell(0).hover();
  assert.match(await info.innerText(), /^ContentType/);
  await page.locator("button", { hasText: "decrypted" }).click();
  assert.deepEqual((await page.locator(".hex .b").allInnerTexts()).slice(0, 1), ["01"]);
  // the timeline leads to the bytes
  await page.locator(".message", { hasText: "EncryptedExtensions" }).click();
  assert.match(await page.locator("#bytes-title").innerText(), /^EncryptedExtensions/);
  assert.equal(await page.locator('.message[aria-current="true"] .name').innerText(), "EncryptedExtensions");
  // a key leads to the records it protects
  await page.locator('#keys .node:has-text(\"SERVER_HANDSHAKE_TRAFFIC_SECRET\")').focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#keys .jumps button");
  await page.locator("#keys .jumps button").first().click();
  assert.equal(await page.locator('.segmented button:text-is("as sent")').getAttribute("aria-pressed"), "true");
  // the two halves of a hybrid group
  assert.equal(await page.locator("#keys .node.half").count(), 2);
  // what both sides have, and what would have been otherwise
  const row = page.locator(".choices tbody tr", { has: page.locator('th:text-is("cipher suite")') });
  assert.match(await row.locator('[data-label="supported"]').innerText(), /TLS_AES_256_GCM_SHA384/);
  assert.match(await row.locator('[data-label="otherwise"]').innerText(), /^one of the other \d+, by the server's own order$/);
  assert.deepEqual(complaints, []);
  await context.close();
}

async function comparing() {
  const { context, page, complaints } = await openBrowser();
  await openFile(page, good);
  await page.locator("footer input[type=file]").nth(1).setInputFiles(json);
  await page.waitForSelector("#compare");
  const row = page.locator("#compare tr", { has: page.locator('th:text-is("version")') }).first();
  assert.match(await row.innerText(), /TLS 1\.3[\s\S]*≠[\s\S]*TLS 1\.2/);
  const message = page.locator("#compare tr", { hasText: "ServerHelloDone" }).first();
  assert.match(await message.innerText(), /not here/);
  assert.match(await message.getAttribute("class"), /differs/);
  await message.locator("button", { hasText: "ServerHelloDone" }).click(); // only B has it: B is shown below
  assert.match(await page.locator("#bytes-title").innerText(), /^ServerHelloDone/);
  assert.equal(await page.locator('header .segmented [aria-pressed="true"]').innerText().then(t => t[0]), "B");
  await page.locator("#compare details.fields summary").first().click();
  assert.ok(await page.locator("#compare details[open] tr.differs").count() > 0);
  assert.deepEqual(await accessibility(page), []);
  await page.locator("footer input[type=file]").nth(1).setInputFiles({ name: "x.json", mimeType: "application/json", buffer: Buffer.from("{\"format\":1}") });
  assert.match(await page.locator('[role="alert"]').innerText(), /x\.json cannot be shown/);
  assert.deepEqual(complaints, []);
  await context.close();
}

// A second candidate, put into the document by hand: the first was left for want of an issuer.
async function candidates() {
  const { context, page, complaints } = await openBrowser();
  const doc = JSON.parse(readFileSync(json.replace("tls12", "good"), "utf8"));
  const taken = doc.steps.find(s => s.kind === "path");
  assert.equal(taken.code, 0);
  const left = { ...taken, path: taken.path, certificates: [0], anchored: false, result: "CERT_UNTRUSTED", code: -141, sentence: "it leads nowhere", check: "issuer", depth: 0 };
  taken.path++;
  doc.steps.splice(doc.steps.indexOf(taken), 0, left);
  doc.steps.forEach((s, i) => { s.step = i; });
  await openFile(page, good);
  await page.locator("footer input[type=file]").first().setInputFiles({ name: "two.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(doc)) });
  await page.locator("#certificates", { hasText: "Candidate 2" }).waitFor(); // a file is read in its own time
  const text = await page.locator("#certificates").innerText();
  assert.match(text, /Candidate 1\s*left[\s\S]*it leads nowhere[\s\S]*nobody leads on[\s\S]*Candidate 2\s*taken/);
  assert.equal(await page.locator("#certificates .path").nth(1).locator(".certificate.store").count(), 1);
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
}

// The modules as they lie in web/explain, over a server, with a file chosen by hand.
async function modules() {
  const { context, page, complaints } = await openBrowser();
  await page.goto(process.argv[3]);
  assert.match(await page.locator("h1").innerText(), /Which connection/);
  await page.locator("footer input[type=file]").first().setInputFiles(json);
  await page.locator("h1", { hasText: /^Encrypted/ }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
}

async function appearances() {
  for (const [scheme, width, files] of [["light", 1280, [good, failed]], ["dark", 1280, [other, failed]], ["light", 390, [other, failed]], ["dark", 390, [good]]]) {
    const { context, page, complaints } = await openBrowser({ scheme, width, height: 844 });
    for (const file of files) {
      await openFile(page, file);
      assert.deepEqual(await accessibility(page), [], `${file} ${scheme} ${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${file} is ${wide} pixels too wide at ${width}`);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  }
}

const cases = { pointing, comparing, candidates, modules, appearances };
await cases[process.argv[2]]();
