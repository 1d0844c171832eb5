/** Starts the service worker and waits until it stands between this page and the node. */

import { trusted, WORKER } from "./trusted";

/** A page loaded past the worker (a forced reload) is claimed again; this long it may take. */
const CLAIM_MS = 5_000;

let starting: Promise<ServiceWorkerRegistration> | undefined;

export function startWorker(): Promise<ServiceWorkerRegistration> {
  starting ??= navigator.serviceWorker
    .register(trusted(WORKER), { scope: "/", updateViaCache: "none" })
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
