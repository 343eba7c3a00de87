// large.mjs: a trace of a megabyte is on the screen within a second of opening the file.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { openBrowser, openFile } from "./browser.mjs";

const file = `${process.env.HF_FOLDER}/large.html`;
assert.ok(statSync(file).size > 1 << 20);
const times = [];
const { context, page, complaints } = await openBrowser();
for (let i = 0; i < 3; i++) {
  await openFile(page, file);
  times.push(await page.evaluate(() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))));
}
assert.deepEqual(complaints, []);
await context.close();
console.log(`opened ${statSync(file).size} bytes in ${times.map(t => t.toFixed(0)).join(", ")} ms`);
assert.ok(Math.min(...times) < 1000, times.join(" "));
