/**
 * Firefox as Debian ships it, driven by WebDriver BiDi: the browser is unchanged, so what it lets through is what a person's
 * Firefox lets through.
 */
import { firefox } from "playwright-core";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
/** It takes its time to make a profile. */
const START_MS = 120_000;

/** What a released Firefox does not know yet of the protocol changes nothing that is tested here. */
function forgiveUnknownEmulation(browser) {
  const inside = firefox._connection.toImpl(browser);
  const session = Object.getPrototypeOf(inside._browserSession);
  if (session.forgiving) return;
  const { send } = session;
  session.forgiving = true;
  session.send = async function (method, parameters) {
    try {
      return await send.call(this, method, parameters);
    } catch (error) {
      if (method.startsWith("emulation.") && /unknown command|unsupported operation|invalid argument/i.test(error.message)) return {};
      throw error;
    }
  };
}

export async function launchFirefox() {
  const browser = await firefox.launch({ channel: "moz-firefox", executablePath: FIREFOX, headless: true, timeout: START_MS });
  forgiveUnknownEmulation(browser);
  return browser;
}

/** A window of a person: nothing of another one in it. */
export async function newFirefoxContext(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options });
  context.setDefaultTimeout(40_000);
  return context;
}
