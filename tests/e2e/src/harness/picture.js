import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

export const RESULTS = join(import.meta.dirname, "../../../../test-results");

/** `test` that leaves a picture of the page in `test-results` when it fails. */
export function pictured(page, begin = async () => {}) {
  return (name, ...rest) => {
    const body = rest.pop();
    return test(name, ...rest, async t => {
      try {
        await begin();
        await body(t);
      } catch (reason) {
        await mkdir(RESULTS, { recursive: true });
        const file = join(RESULTS, `failed-${name.replace(/[^\w]+/g, "-").slice(0, 60)}.png`);
        await page()?.screenshot({ path: file }).catch(() => undefined);
        throw reason;
      }
    });
  };
}
