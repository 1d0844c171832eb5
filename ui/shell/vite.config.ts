import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { onlyOurLanguages } from "../scripts/vite-languages.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Each language of the desktop and its apps is one file, loaded when it is spoken. */
const languages = ["en", "de", "ar"].map(name => ({
  name: `text-${name}`,
  test: new RegExp(`/(desktop|apps/[a-z]+/src)/locales/${name}\\.json$`),
  priority: 30,
}));

export default defineConfig({
  root: here("."),
  plugins: [onlyOurLanguages(), react()],
  build: {
    outDir: here("../dist"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            ...languages,
            // What screens stand on is one file that needs no other: the first picture takes few requests, and no two
            // files wait for each other.
            {
              name: "base",
              test: /\/node_modules\/|\/ui\/(kit|sdk)\/|\/shell\/(?:demo|src)\/(?:session\/|locales\/|(?!main)[^/]+\.tsx?$)|no-locale|preload-helper|rolldown\/runtime/,
              priority: 20,
            },
            // The desktop without what opens later.
            {
              name: "desk",
              test: /\/shell\/src\/desktop\/(?!index\.tsx|locales|Launcher|NotificationCentre|ShortcutSheet|Switcher|prompts\/[A-Z]|views\/)/,
              priority: 10,
            },
          ],
        },
      },
    },
  },
  server: {
    port: 5173,
    proxy: {
      "/api": { target: "http://127.0.0.1:7700", ws: true },
    },
  },
});
