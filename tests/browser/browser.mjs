// browser.mjs: Chromium for the tests of the explain page and for tools/screenshots: started with a home
// whose certificate store is the caller's, nothing about certificates ignored, every complaint kept.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";

const require = createRequire(path.join(process.env.HF_NODE_MODULES, "package.json"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// What a page complains of, anywhere, ends up in `complaints`; a test ends with none.
export async function openBrowser({ scheme = "light", width = 1280, height = 900, scale = 1 } = {}) {
  const context = await chromium.launchPersistentContext(path.join(process.env.HF_FOLDER, `profile-${process.pid}-${Math.random()}`), {
    executablePath: process.env.HF_CHROMIUM, headless: true, colorScheme: scheme, viewport: { width, height }, deviceScaleFactor: scale,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server"],
    env: { ...process.env, HOME: process.env.HF_HOME, XDG_CONFIG_HOME: process.env.HF_HOME, XDG_CACHE_HOME: process.env.HF_HOME } });
  const page = context.pages()[0] || await context.newPage();
  const complaints = [];
  page.on("console", m => { if (["error", "warning"].includes(m.type())) complaints.push(`${m.type()}: ${m.text()}`); });
  page.on("pageerror", e => complaints.push(`exception: ${e.message}`));
  page.on("requestfailed", r => { if (!/ERR_ABORTED/.test(r.failure()?.errorText)) complaints.push(`request failed: ${r.url()} ${r.failure()?.errorText}`); });
  return { context, page, complaints };
}

export async function openFile(page, file) {
  await page.goto(`file://${file}`);
  await page.waitForSelector("main section");
}

// The serious and critical findings of axe, as lines.
export async function accessibility(page) {
  await page.evaluate(`${axeSource}; 0`).catch(async () => { throw new Error("axe could not be put into the page"); });
  const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.filter(v => ["serious", "critical"].includes(v.impact))
    .flatMap(v => v.nodes.slice(0, 4).map(n => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary.replace(/\s+/g, " ").slice(0, 200)}`));
}
