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
