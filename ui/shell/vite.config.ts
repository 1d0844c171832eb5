import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** React Aria brings its own few texts in more than thirty languages; those that the desktop does not speak stay out. */
function onlyOurLanguages(): Plugin {
  const none = "\0no-locale";
  return {
    name: "only-our-languages",
    enforce: "pre",
    resolveId(source, importer) {
      const language = /\/([a-z]{2})-[A-Z]{2}\.m?js$/.exec(source)?.[1];
      if (!language || !importer || !/node_modules\/react-(aria|stately)/.test(importer)) return;
      if (!["en", "de", "ar"].includes(language)) return none;
    },
    load: id => (id === none ? "export default {};" : undefined),
  };
}

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
              test: /\/node_modules\/|\/ui\/(kit|sdk)\/|no-locale|preload-helper/,
              minShareCount: 2,
              priority: 20,
            },
            {
              name: "desk",
              test: /\/shell\/src\/desktop\/(?!index\.tsx|locales|Launcher|NotificationCentre|ShortcutSheet|Switcher)|\/manifest\.json$/,
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
