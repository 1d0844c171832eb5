import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { frames } from "../frame/dev.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The page on which opening an app is measured. It takes React, kit and SDK from the same files as the frames do. */
export default defineConfig({
  root: here("bench"),
  plugins: [
    frames(),
    {
      name: "session-in-memory",
      enforce: "pre",
      resolveId: (source, importer) =>
        /^(?:\.{1,2}\/)+session$/.test(source) && importer?.includes("/shell/src/")
          ? here("demo/session.ts")
          : undefined,
    },
    {
      name: "component-in-a-window",
      enforce: "pre",
      resolveId: source => (source === "./views/WorkView" ? here("bench/Here.tsx") : undefined),
    },
    {
      name: "vendors-of-frames",
      transformIndexHtml: html => {
        const page = readFileSync(here("../dist/_os/frame.html"), "utf8");
        const map = /<script type="importmap">(.*?)<\/script>/.exec(page)?.[1]?.replaceAll('"./', '"/_os/') ?? "{}";
        const style = /<link rel="stylesheet" href="\.\/([^"]+)">/.exec(page)?.[1];
        const head = `<script type="importmap">${map}</script><link rel="stylesheet" href="/_os/${style}">`;
        return html.replace("<!--vendors-->", head);
      },
    },
  ],
  build: {
    outDir: here("../node_modules/.cache/bench"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    rolldownOptions: {
      external: ["react", "react/jsx-runtime", "react-dom", "react-dom/client", "@webx/ui", "@webx/sdk"],
    },
  },
});
