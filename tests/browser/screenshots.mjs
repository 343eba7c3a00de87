// screenshots.mjs: the pictures of the documents; run by tools/screenshots.
import { openBrowser, openFile } from "./browser.mjs";

const work = process.env.HF_FOLDER, to = process.env.HF_TO;

async function picture(name, file, how, act = async () => {}) {
  const { context, page, complaints } = await openBrowser(how);
  await openFile(page, `${work}/${file}`);
  await act(page);
  await page.evaluate(() => new Promise(done => setTimeout(done, 700))); // scrolling comes to rest
  await page.screenshot({ path: `${to}/explain-${name}.png` });
  await context.close();
  if (complaints.length) throw new Error(complaints.join("\n"));
}

await picture("light", "good.html", { width: 1200, height: 1150 });
await picture("bytes", "good.html", { scheme: "dark", width: 1200, height: 900 }, async page => {
  await page.locator(".message", { hasText: "ClientHello" }).click();
  await page.locator(".tree li.bytes > .line", { has: page.locator('.name:text-is("host_name")') }).click();
});
await picture("keys", "good.html", { width: 1200, height: 760 }, async page => {
  await page.locator("#keys .node", { hasText: "CLIENT_HANDSHAKE_TRAFFIC_SECRET" }).click();
  await page.locator("#keys .graph").evaluate(e => { e.scrollLeft = 0; });
  await page.locator("#keys").evaluate(e => e.scrollIntoView());
});
await picture("failure", "failure.html", { width: 1200, height: 900 });
await picture("diff", "good.html", { scheme: "dark", width: 1200, height: 1000 }, async page => {
  await page.locator("footer input[type=file]").nth(1).setInputFiles(`${work}/tls12.json`);
  await page.locator("#compare").evaluate(e => e.scrollIntoView());
});
await picture("phone", "good.html", { width: 390, height: 844, scale: 2 });
