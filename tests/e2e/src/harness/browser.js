/** The real browser, and what is watched in it all the time: hosts, cookies, errors of the page. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

// Requests of the service worker are watched too.
process.env.PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS = "1";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
};

/** `predicting` leaves on what a browser does before anybody asks, as preparing connections. */
export function launch({ predicting = false } = {}) {
  const quiet = "--disable-background-networking";
  return chromium.launch({
    executablePath: CHROMIUM,
    args: predicting ? FLAGS.filter(flag => flag !== quiet) : FLAGS,
    ignoreDefaultArgs: predicting ? [quiet] : [],
  });
}

/** Everything a run of the product must never do. */
export class Watch {
  hosts = new Map();
  setCookies = [];
  errors = [];

  constructor(ownHosts) {
    this.own = new Set(ownHosts);
  }

  follow(context) {
    context.on("request", request => {
      const url = new URL(request.url());
      if (!url.protocol.startsWith("http") && !url.protocol.startsWith("ws")) return;
      this.hosts.set(url.host, (this.hosts.get(url.host) ?? 0) + 1);
    });
    context.on("response", async response => {
      const headers = await response.headersArray().catch(() => []);
      for (const { name, value } of headers) {
        if (name.toLowerCase() === "set-cookie") this.setCookies.push(`${response.url()}: ${value}`);
      }
    });
    context.on("weberror", error => this.errors.push(error.error().stack ?? error.error().message));
    context.on("console", message => {
      // The browser itself writes a line for each refused answer; those are tested one by one.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        this.errors.push(`${message.text()} (${message.location().url})`);
    });
  }

  get foreignHosts() {
    return [...this.hosts.keys()].filter(host => !this.own.has(host));
  }
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let axeSource;

/**
 * A context as a person's browser: nothing of another context in it.
 * `axe` puts axe-core into every page before its first script; leave it out where requests or bytes are counted.
 */
export async function newContext(browser, { watch, axe = true, size = SIZES.desktop, ...options } = {}) {
  const context = await browser.newContext({
    viewport: size,
    locale: "en-US",
    colorScheme: "light",
    reducedMotion: "reduce",
    acceptDownloads: true,
    ...options,
  });
  watch?.follow(context);
  context.setDefaultTimeout(20_000);
  if (axe) {
    // Apps run in frames without an origin; axe looks into them, too.
    axeSource ??= `${await readFile(axePath, "utf8")}\naxe.configure({ allowedOrigins: ["<unsafe_all_origins>"] });`;
    await context.addInitScript({ content: axeSource });
  }
  return context;
}
