import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** The service worker is a build of its own: one classic script at the root that shares sources, not chunks, with the page. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  publicDir: false,
  build: {
    outDir: fileURLToPath(new URL("../dist", import.meta.url)),
    emptyOutDir: false,
    target: "es2023",
    modulePreload: false,
    rollupOptions: {
      input: { sw: fileURLToPath(new URL("src/session/sw.ts", import.meta.url)) },
      output: { format: "iife", entryFileNames: "sw.js" },
    },
  },
});
