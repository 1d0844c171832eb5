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
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [
            ...languages,
            // What two or more screens share is one file, so that the first picture needs few requests.
            {
              name: "base",
              test: /\/node_modules\/|\/ui\/(kit|sdk)\/|\/shell\/src\/session\/|no-locale|preload-helper|rolldown\/runtime/,
              minShareCount: 2,
              priority: 20,
            },
            // With its icons and all of the SDK: in the file of the entry they would come to life only after what uses them.
            {
              name: "desk",
              test: /\/shell\/src\/desktop\/(?!index\.tsx|locales|Launcher|NotificationCentre|ShortcutSheet|Switcher|prompts\/[A-Z]|views\/)|\/manifest\.json$|\/node_modules\/lucide-react\/|\/ui\/sdk\//,
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
