/** Which requests of tags get a proof added by the service worker: the bytes of the drive, and nothing else. */
const BYTES = /^\/api\/drive\/(?:nodes\/[^/]+\/(?:content|archive)|archive)$/;
/** Headers of the tag's own request that matter for bytes. */
const KEPT = ["accept", "range", "if-range", "if-none-match", "if-modified-since"];

/** The parameter by which a navigation (a download, a frame) shows that this desktop asked for it. */
export const PASS = "pass";

export interface Asked {
  url: string;
  method: string;
  headers: Headers;
}

export function wantsProof(request: Asked, origin: string): boolean {
  const url = new URL(request.url);
  return (
    url.origin === origin &&
    BYTES.test(url.pathname) &&
    (request.method === "GET" || request.method === "HEAD") &&
    !request.headers.has("authorization")
  );
}

/** Another page can make the browser navigate here, but cannot know the pass. Requests of tags come from own pages only. */
export function mayAsk(request: Asked & { mode: RequestMode }, pass: string): boolean {
  return request.mode !== "navigate" || new URL(request.url).searchParams.get(PASS) === pass;
}

/** The address without the pass, as the node gets it. */
export function withoutPass(address: string): URL {
  const url = new URL(address);
  url.searchParams.delete(PASS);
  return url;
}

export function keptHeaders(headers: Headers): Headers {
  const kept = new Headers();
  for (const name of KEPT) {
    const value = headers.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept;
}
