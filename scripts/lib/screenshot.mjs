// Takes a picture of the running demo's dashboard, once its live video plays.
// Usage: node screenshot.mjs <folder of playwright-core> <address> <file> [<path>]
import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { login } from "./login.mjs";

const [modules, address, file, path = "/panacam-demo/live"] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");

const profile = await mkdtemp(join(tmpdir(), "panacam-screenshot-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
  viewport: { width: 1360, height: 900 },
  deviceScaleFactor: 1,
  locale: "en-GB",
});
try {
  const page = await browser.newPage();
  const tokens = JSON.stringify(await login(address));
  await page.addInitScript((value) => {
    localStorage.setItem("hassTokens", value);
    // The sidebar is not what the picture is about.
    localStorage.setItem("dockedSidebar", '"always_hidden"');
  }, tokens);
  await page.goto(address + path);
  const video = page.locator("video").first();
  await video.waitFor({ state: "attached", timeout: 60_000 });
  const started = Date.now();
  let at = {};
  while (!(at.time > 2 && at.width > 0)) {
    if (Date.now() - started > 60_000) throw new Error(`the video does not play: ${JSON.stringify(at)}`);
    await page.waitForTimeout(250);
    at = await video.evaluate((v) => ({ time: v.currentTime, width: v.videoWidth, error: v.error?.message }));
  }
  await page.waitForTimeout(1500); // animations of gauge and tiles
  await page.screenshot({ path: file });
  console.log(`${file}: video ${at.width} wide, at ${at.time.toFixed(1)} s`);
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
