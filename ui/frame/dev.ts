import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { Connect, Plugin } from "vite";

const DIST = fileURLToPath(new URL("../dist/_os/", import.meta.url));
const APPS = fileURLToPath(new URL("../dist-apps/", import.meta.url));

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/** The policy of a frame, as the node sends it. `origin` is the desktop's. */
export function framePolicy(origin: string): string {
  const { importmap } = JSON.parse(readFileSync(`${DIST}csp.json`, "utf8")) as { importmap: string };
  return [
    "default-src 'none'",
    `script-src ${origin}/_os/ '${importmap}' blob:`,
    `style-src ${origin}/_os/ 'unsafe-inline'`,
    `img-src data: blob: ${origin}/_object/`,
    `media-src data: blob: ${origin}/_object/`,
    "font-src data: blob:",
    "connect-src 'none'",
    "frame-src 'none'",
    "child-src 'none'",
    "worker-src 'none'",
    "object-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
    `frame-ancestors ${origin}`,
    "trusted-types 'none'",
    "require-trusted-types-for 'script'",
    "sandbox allow-scripts allow-forms",
  ].join("; ");
}

/** Answers `/_os/…` from the built frame and `/_apps/<id>/…` from the built system apps. */
export function serveFrames(origin?: string): Connect.NextHandleFunction {
  return (request, response, next) => {
    const path = normalize((request.url ?? "/").split("?")[0] ?? "/");
    const place = path.startsWith("/_os/") ? `${DIST}${path.slice(5)}` : undefined;
    const file = place ?? (path.startsWith("/_apps/") ? `${APPS}${path.slice(7)}` : undefined);
    if (file === undefined || path.includes("..")) return next();
    void readFile(file).then(
      bytes => {
        response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
        response.setHeader("cache-control", "no-cache");
        if (place) {
          response.setHeader("access-control-allow-origin", "*");
          response.setHeader("cross-origin-resource-policy", "cross-origin");
        }
        if (path.endsWith("/frame.html")) {
          const own = origin ?? `http://${request.headers.host ?? "localhost"}`;
          response.setHeader("content-security-policy", framePolicy(own));
          response.setHeader("connection-allowlist", "(response-origin); webrtc=block");
        }
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end("Not found");
      },
    );
  };
}

/** For a development server. */
export function frames(): Plugin {
  return {
    name: "serve-frames",
    configureServer(server) {
      server.middlewares.use(serveFrames());
    },
    configurePreviewServer(server) {
      server.middlewares.use(serveFrames());
    },
  };
}
