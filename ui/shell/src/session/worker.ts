/** Starts the service worker and waits until it stands between this page and the node. */

const ADDRESS = "/sw.js";
/** A page loaded past the worker (a forced reload) is claimed again; this long it may take. */
const CLAIM_MS = 5_000;

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let starting: Promise<ServiceWorkerRegistration> | undefined;

/** The one Trusted Types policy of the desktop: it lets exactly one script address through. */
function trusted(address: typeof ADDRESS): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  const policy = types?.createPolicy("webx", {
    createScriptURL: url => {
      if (url !== ADDRESS) throw new TypeError("not a script of the desktop");
      return url;
    },
  });
  return policy?.createScriptURL(address) ?? address;
}

export function startWorker(): Promise<ServiceWorkerRegistration> {
  starting ??= navigator.serviceWorker
    .register(trusted(ADDRESS), { scope: "/", updateViaCache: "none" })
    .then(() => navigator.serviceWorker.ready);
  return starting;
}

/** Resolves once tags of this page load through the worker; rejects when the browser refuses one. */
export async function workerControls(): Promise<void> {
  const registration = await startWorker();
  if (navigator.serviceWorker.controller) return;
  const claimed = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the service worker does not answer")), CLAIM_MS);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    navigator.serviceWorker.addEventListener("controllerchange", done, { once: true });
  });
  registration.active?.postMessage("claim");
  await claimed;
}
