// live.mjs: over our own server, trusted through our own authority: what the page shows of this very
// connection is what Chromium's own instruments say of it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { accessibility, openBrowser } from "./browser.mjs";

const VERSIONS = { "TLS 1.3": "TLS 1.3", "TLS 1.2": "TLS 1.2" };

function chip(page, name) {
  return page.locator(".facts.chips > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd").innerText();
}

// The bytes of a field, from the page's own tree and hex view.
async function fieldHex(page, message, field) {
  await page.locator(".message", { hasText: message }).first().click();
  await page.locator('.tree [role="treeitem"] > .line', { has: page.locator(".name", { hasText: new RegExp(`^${field}$`) }) }).first().click();
  return (await page.locator(".hex .b.selected").allInnerTexts()).join("");
}

async function check(url, wanted) {
  const { context, page, complaints } = await openBrowser();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  const details = new Promise(resolve => cdp.on("Network.responseReceived", e => { if (e.response.url === url) resolve(e.response); }));
  await page.goto(url);
  const response = await details, security = response.securityDetails;
  assert.equal(response.securityState, "secure");

  assert.equal(await chip(page, "version"), VERSIONS[security.protocol]);
  assert.equal(security.protocol, wanted);
  const suite = await chip(page, "cipher suite");
  assert.ok(suite.replace("TLS_", "").includes(security.cipher), `${suite} against ${security.cipher}`);
  assert.equal(await chip(page, "keys by"), security.keyExchangeGroup || security.keyExchange);

  // The chain: DevTools gives the certificates in DER, and the page's document has the same.
  const { tableNames } = await cdp.send("Network.getCertificate", { origin: new URL(url).origin });
  const shown = await page.evaluate(() => JSON.parse(document.getElementById("explain-data").textContent).certificates.map(c => c.der));
  assert.ok(shown.length >= 1);
  assert.deepEqual(shown, tableNames.slice(0, shown.length).map(c => Buffer.from(c, "base64").toString("hex")));
  const text = await page.locator("#certificates").innerText();
  assert.ok(text.includes(security.subjectName) && text.includes(security.issuer), text);
  for (const name of security.sanList) assert.ok(text.includes(name), name);

  // The client random: DevTools has none, the browser's key log does; one of its lines is this connection.
  const random = await fieldHex(page, "ClientHello", "random");
  const log = readFileSync(process.env.SSLKEYLOGFILE, "utf8");
  assert.match(random, /^[0-9a-f]{64}$/);
  assert.ok(log.split("\n").some(line => line.split(" ")[1] === random), `${random} is not in the key log`);

  // What would have been chosen otherwise is a suite of the same version, for the same kind of key.
  const otherwise = await page.locator(".choices tbody tr", { has: page.locator('th:text-is("cipher suite")') }).locator('[data-label="otherwise"]').innerText();
  assert.equal(otherwise, wanted === "TLS 1.3" ? "TLS_AES_256_GCM_SHA384" : "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384");

  // The list comes, and marks this page's own connection.
  await page.waitForSelector("#live tr.own");
  assert.match(await page.locator("#live tr.own").innerText(), new RegExp(wanted.replace(".", "\\.")));
  // The page itself finds that the transcript hash covers the messages up to ServerHello.
  if (wanted === "TLS 1.3") {
    await page.locator('#keys .node:has-text(\"CLIENT_HANDSHAKE_TRAFFIC_SECRET\")').click();
    await page.waitForSelector("#keys .info b.good");
    assert.match(await page.locator("#keys .info").innerText(), /ClientHello to ServerHello/);
  }
  assert.deepEqual(await accessibility(page), []);
  // Over a new connection: the browser resumes its session, and the page says so.
  await page.locator("#live button", { hasText: "over a new connection" }).click();
  await page.waitForFunction(() => JSON.parse(document.getElementById("explain-data").textContent || "{}").connection?.resumed);
  assert.equal(await chip(page, "kind"), "resumed");
  await page.waitForSelector("#live tr.own");
  // Another connection of the list beside this one.
  await page.locator("#live button", { hasText: "compare" }).last().click();
  await page.waitForSelector("#compare");
  assert.deepEqual(complaints, []);
  await context.close();
}

for (const [url, version] of JSON.parse(process.env.HF_CASES)) await check(url, version);
