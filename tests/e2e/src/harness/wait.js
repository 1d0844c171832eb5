/** Waits for what shall be true; never for time to pass. */
export function expectVisible(locator, timeout) {
  return locator.waitFor({ state: "visible", ...(timeout ? { timeout } : {}) });
}

export function expectGone(locator, timeout) {
  return locator.waitFor({ state: "hidden", ...(timeout ? { timeout } : {}) });
}
