/**
 * Firefox as Debian ships it, driven by WebDriver BiDi: the browser is unchanged, so what it lets through is what a person's
 * Firefox lets through.
 */
import { firefox } from "playwright-core";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
/** It takes its time to make a profile. */
const START_MS = 120_000;
/** What automation turns off and people have: preparing connections. And peers on this machine, where the listener is. */
const AS_PEOPLE_HAVE_IT = {
  "network.http.speculative-parallel-limit": 6,
  "media.peerconnection.ice.loopback": true,
};

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

/**
 * Over this protocol a field is filled past the page: what watches its own fields, as React does, sees no change. Here
 * the text is put in as the page's own engine does it, and the page is told.
 */
function fillInside(page) {
  const locator = Object.getPrototypeOf(page.locator("html"));
  if (locator.fillsInside) return;
  const { fill } = locator;
  locator.fillsInside = true;
  locator.fill = async function (text, options) {
    if (this.page().context().browser()?.browserType().name() !== "firefox") return fill.call(this, text, options);
    await this.waitFor(options);
    return this.evaluate((field, value) => {
      field.focus();
      const owner = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
      Object.getOwnPropertyDescriptor(owner.prototype, "value").set.call(field, value);
      field.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true, inputType: "insertText", data: value }));
    }, text);
  };
}

/**
 * Over this protocol the place of what stands in a frame without an origin is not told, so no pointer is led to it. Inside
 * a frame a button is pressed by the page's own engine; what the desktop itself draws is still clicked with the pointer.
 */
function clickInside(page) {
  const locator = Object.getPrototypeOf(page.locator("html"));
  if (locator.clicksInside) return;
  const { click } = locator;
  locator.clicksInside = true;
  locator.click = async function (options) {
    const inFrame = this._selector.includes("internal:control=enter-frame");
    if (!inFrame || this.page().context().browser()?.browserType().name() !== "firefox") return click.call(this, options);
    await this.waitFor(options);
    return this.evaluate(element => {
      if (element.matches(":disabled, [aria-disabled=true]")) throw new Error("nobody can press this");
      element.focus();
      element.click();
    });
  };
}

export async function launchFirefox() {
  const browser = await firefox.launch({ channel: "moz-firefox", executablePath: FIREFOX, headless: true, firefoxUserPrefs: AS_PEOPLE_HAVE_IT, timeout: START_MS });
  forgiveUnknownEmulation(browser);
  return browser;
}

/** A window of a person: nothing of another one in it. */
export async function newFirefoxContext(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", ...options });
  context.setDefaultTimeout(40_000);
  context.on("page", fillInside);
  context.on("page", clickInside);
  return context;
}
