/// <reference lib="webworker" />
/**
 * The service worker: where a tag loads bytes of the drive (`<img>`, `<video>`, a download), it adds the token and a
 * fresh proof. Every other request passes by untouched; nothing is cached.
 */
import { makeProof } from "./proof";
import { loadKey, loadLogin } from "./records";
import { keptHeaders, mayAsk, wantsProof, withoutPass } from "./resource";

const worker = self as unknown as ServiceWorkerGlobalScope;

function refusal(status: number, code: string, title: string): Response {
  return new Response(JSON.stringify({ type: `urn:webx:problem:${code}`, title, status, detail: title, code }), {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  });
}

async function answer(request: Request): Promise<Response> {
  const [key, login] = await Promise.all([loadKey(), loadLogin()]);
  if (!login) return refusal(401, "no-session", "The desktop is locked");
  if (!mayAsk(request, login.pass)) return refusal(403, "foreign", "The desktop did not ask for this");
  const url = withoutPass(request.url);
  const headers = keptHeaders(request.headers);
  headers.set("authorization", `DPoP ${login.token}`);
  headers.set("dpop", await makeProof(key, { method: request.method, url: url.href, token: login.token }));
  try {
    return await fetch(url, {
      method: request.method,
      headers,
      signal: request.signal,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
    });
  } catch (reason) {
    if (request.signal.aborted) throw reason;
    return refusal(503, "unreachable", "The node does not answer");
  }
}

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", event => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", event => {
  if (event.data === "claim") event.waitUntil(worker.clients.claim());
});
worker.addEventListener("fetch", event => {
  if (wantsProof(event.request, worker.location.origin)) event.respondWith(answer(event.request));
});
