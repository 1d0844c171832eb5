/** Waits for what shall be true; never for time to pass. */
export function expectVisible(locator, timeout) {
  return locator.waitFor({ state: "visible", ...(timeout ? { timeout } : {}) });
}

export function expectGone(locator, timeout) {
  return locator.waitFor({ state: "hidden", ...(timeout ? { timeout } : {}) });
}

/** Waits until the keyboard is inside. */
export async function expectFocusIn(locator) {
  await expectVisible(locator);
  const handle = await locator.elementHandle();
  await locator.page().waitForFunction(element => element.contains(document.activeElement), handle);
}

/** Asks again and again, as fast as answers come, until something is true. */
export async function until(asked, what, limit = 10_000) {
  const end = Date.now() + limit;
  while (!(await asked())) if (Date.now() > end) throw new Error(`it did not become true that ${what}`);
}
