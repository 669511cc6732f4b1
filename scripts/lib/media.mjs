// Opens the media browser of a running demo, plays a clip of each format, and takes a picture of each.
// Usage: node media.mjs <folder of playwright-core> <address> [<picture of the list> <of the player>]
import { createRequire } from "node:module";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { login } from "./login.mjs";

const [modules, address, listed, played] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "package.json"))("playwright-core");
const FORMATS = ["MP4", "AVCHD"];
const SECONDS = 2;

const profile = await mkdtemp(join(tmpdir(), "panacam-media-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required", "--mute-audio",
  ],
  viewport: { width: 1360, height: 900 },
  deviceScaleFactor: 1,
  locale: "en-GB",
});

// Goes down by what a node's title begins with; "" is the first one.
const open = async (page, ...titles) => {
  for (const title of titles) {
    const child = page.locator("ha-media-player-browse .child").filter({ hasText: title }).first();
    await child.waitFor({ timeout: 20_000 });
    const before = await page.locator("ha-media-player-browse .child").allInnerTexts();
    await child.click();
    if (title === titles.at(-1)) return;
    for (let tries = 0; tries < 100; tries++) {
      await page.waitForTimeout(100);
      const now = await page.locator("ha-media-player-browse .child").allInnerTexts();
      if (now.length && now.join() !== before.join()) break;
    }
  }
};

const play = async (page) => {
  const video = page.locator("hui-dialog-web-browser-play-media video");
  await video.waitFor({ state: "attached", timeout: 20_000 });
  const started = Date.now();
  let at = {};
  let first = 0;
  while (!(at.time > SECONDS && at.width > 0)) {
    if (Date.now() - started > 30_000) throw new Error(`it does not play: ${JSON.stringify(at)}`);
    await page.waitForTimeout(50);
    at = await video.evaluate((v) => ({
      time: v.currentTime, width: v.videoWidth, height: v.videoHeight, length: v.duration,
      frames: v.getVideoPlaybackQuality().totalVideoFrames, error: v.error?.message,
      sound: v.webkitAudioDecodedByteCount,
    }));
    if (!first && at.time > 0) first = Date.now() - started;
    if (at.error) throw new Error(at.error);
  }
  return { ...at, first };
};

try {
  const page = await browser.newPage();
  const tokens = JSON.stringify(await login(address));
  await page.addInitScript((value) => {
    localStorage.setItem("hassTokens", value);
    localStorage.setItem("dockedSidebar", '"always_hidden"');
  }, tokens);
  for (const format of FORMATS) {
    await page.goto(`${address}/media-browser/browser`);
    // The format is on whichever card has it.
    const card = process.env[`CARD_${format}`] ?? "SD1";
    await open(page, "panacam", "Stage left", card, format, "");
    const pictures = page.locator("ha-media-browser-thumbnail .image");
    await pictures.first().waitFor({ timeout: 20_000 });
    if (format === FORMATS[0] && listed) {
      await page.waitForTimeout(4000);
      await page.screenshot({ path: listed });
    }
    await page.locator("ha-media-player-browse .child").first().click();
    const at = await play(page);
    if (!(at.sound > 0)) throw new Error(`${format} has no sound`);
    if (played && format === FORMATS.at(-1)) await page.screenshot({ path: played });
    console.log(
      `${format}: ${at.width}x${at.height}, ${at.frames} pictures, at ${at.time.toFixed(1)} s of ` +
        `${at.length.toFixed(1)}, began after ${at.first} ms`,
    );
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
