// Browsers that open one page and are stopped: Chromium by playwright-core; Firefox and WebKit, for
// which it has builds of its own alone, as plain processes, whose page must tell by itself.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, LaunchOptions } from "playwright-core";
import { type Started, startProcess } from "./process";

export type BrowserName = "chromium" | "firefox" | "webkit";

const LIBRARIES = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;
const CHROMIUM = process.env.HYPERGRAD_CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.HYPERGRAD_FIREFOX ?? "/usr/bin/firefox-esr";
/** WebKitGTK's own small browser. */
const WEBKIT = process.env.HYPERGRAD_WEBKIT ?? `${LIBRARIES}/webkit2gtk-4.1/MiniBrowser`;
const XVFB = "/usr/bin/Xvfb";

/** What each needs, and the packages that bring it. */
const NEEDS: Record<BrowserName, { files: readonly string[]; packages: string }> = {
  chromium: { files: [CHROMIUM], packages: "chromium" },
  firefox: { files: [FIREFOX], packages: "firefox-esr" },
  webkit: { files: [WEBKIT, XVFB], packages: "libwebkit2gtk-4.1-0 xvfb" },
};

/** Why a browser is absent here and how to get it, or null when it is there. */
export function browserAbsence(name: BrowserName): string | null {
  const { files, packages } = NEEDS[name];
  const missing = files.find((file) => !existsSync(file));
  return missing === undefined ? null : `no ${missing}: apt-get install ${packages}`;
}

/** Opens a page; with `gpu`, in a browser with WebGPU where it can have that. */
export type Open = (url: string, gpu: boolean) => Promise<Started>;

/** Headless Chromium; its WebGPU is SwiftShader's, or none with `gpu: false`. */
export async function launch({
  gpu = true,
  ...options
}: LaunchOptions & { gpu?: boolean } = {}): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  const quiet = ["quic", "background-networking", "component-update", "sync"];
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      ...quiet.map((name) => `--disable-${name}`),
      "--enable-blink-features=ForceEagerMeasureMemory", // asked for memory, it collects at once
      ...(gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : []),
    ],
    ...options,
  });
}

const chromium: Open = async (url, gpu) => {
  const browser = await launch({ gpu });
  const page = await browser.newPage();
  let output = "";
  const ended = new Promise<string>((done) => {
    page.on("console", (message) => {
      output = `${output}${message.text()}\n`.slice(-4000);
    });
    page.on("pageerror", (error) => done(`${error.message}\n${error.stack}`));
    page.on("crash", () => done(`the page crashed: ${output}`));
    browser.on("disconnected", () => done(`the browser ended: ${output}`));
  });
  await page.goto(url);
  return { ended, stop: () => browser.close() };
};

/** A browser with a new home folder, gone when it is stopped, as are `others`. */
function withHome(home: string, browser: Started, others: readonly ChildProcess[] = []): Started {
  const stop = async () => {
    await browser.stop();
    await browser.ended;
    for (const other of others) other.kill();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  return { ended: browser.ended, stop };
}

const newHome = (name: string) => mkdtemp(join(tmpdir(), `hypergrad-${name}-`));

/** Its WebGPU is wgpu's; on Linux it is behind a preference, and refuses software adapters. */
const firefox: Open = async (url, gpu) => {
  const home = await newHome("firefox");
  const wanted = gpu ? ["dom.webgpu.enabled", "gfx.webgpu.ignore-blocklist"] : [];
  const lines = wanted.map((name) => `user_pref("${name}", true);`);
  await writeFile(join(home, "user.js"), lines.join("\n"));
  const args = ["--headless", "--no-remote", "--profile", home, url];
  return withHome(home, startProcess(FIREFOX, args, { HOME: home }));
};

/** It cannot do without a display, nor, as root, with its sandbox. */
const webkit: Open = async (url) => {
  const home = await newHome("webkit");
  const stdio = ["ignore", "ignore", "ignore", "pipe"] as const;
  const screen = spawn(XVFB, ["-displayfd", "3"], { stdio: [...stdio] });
  const [number] = await once(screen.stdio[3]!, "data");
  const browser = startProcess(WEBKIT, ["--private", url], {
    ...{ HOME: home, DISPLAY: `:${number}`.trim(), GDK_BACKEND: "x11" },
    LC_ALL: "en_US.UTF-8", // its pages have this language, and "C" is none for them
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
  });
  return withHome(home, browser, [screen]);
};

export const openIn: Record<BrowserName, Open> = { chromium, firefox, webkit };
