/** The one Trusted Types policy of the desktop: the few addresses that a browser treats as code. */

/** The service worker's script. */
export const WORKER = "/sw.js";
/** What the node gives out for one stored object; the browser's own viewer counts as code. */
const OBJECT = /^\/_object\/[\w-]+$/;

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** Throws a `TypeError` for every address but the two kinds above, on the desktop's own origin. */
export function check(url: string): string {
  const { origin, pathname, search, hash } = new URL(url, globalThis.location.origin);
  const known = pathname === WORKER || OBJECT.test(pathname);
  if (origin !== globalThis.location.origin || search || hash || !known)
    throw new TypeError("not an address of the desktop");
  return url;
}

let policy: { createScriptURL(url: string): string } | undefined;

/** The address as this browser wants it: a `TrustedScriptURL`, or the checked string where there are no Trusted Types. */
export function trusted(url: string): string {
  policy ??= (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("webx", {
    createScriptURL: check,
  });
  return policy?.createScriptURL(url) ?? check(url);
}
