import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** One app in the browser over an OS in memory: `npm run preview`, then `?app=store&theme=dark&lang=ar`. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [react()],
  cacheDir: fileURLToPath(new URL("../../node_modules/.cache/vite-preview", import.meta.url)),
  server: { fs: { allow: [fileURLToPath(new URL("../..", import.meta.url))] } },
});
