import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { onlyOurLanguages } from "../scripts/vite-languages.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What an app may import by name. Its version is the desktop's own. */
const VENDORS = {
  react: "react",
  "react-jsx-runtime": "react/jsx-runtime",
  "react-dom": "react-dom",
  "react-dom-client": "react-dom/client",
  ui: "@webx/ui",
  sdk: "@webx/sdk",
} as const;

const ENTRY = "\0vendor:";

/** One entry for each vendor. React is CommonJS, so its names are written out; the others are modules already. */
function vendors(): Plugin {
  const require = createRequire(import.meta.url);
  return {
    name: "frame-vendors",
    resolveId: id => (id.startsWith("vendor:") ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(ENTRY)) return;
      const name = VENDORS[id.slice(ENTRY.length) as keyof typeof VENDORS];
      if (name.startsWith("@webx/")) return `export * from ${JSON.stringify(name)};`;
      const names = Object.keys(require(name) as object).filter(
        each => /^[A-Za-z]\w*$/.test(each) && each !== "default",
      );
      return [
        `import whole from ${JSON.stringify(name)};`,
        "export default whole;",
        `export const { ${names.join(", ")} } = whole;`,
      ].join("\n");
    },
  };
}

/** The page itself: import map, style and the first script, with the hashes that the policy of the page needs. */
function page(): Plugin {
  return {
    name: "frame-page",
    enforce: "post",
    generateBundle: {
      // After the style of all components has been put together.
      order: "post",
      handler(_, bundle) {
        const chunks = Object.values(bundle);
        const entry = (name: string) => {
          const found = chunks.find(each => each.type === "chunk" && each.isEntry && each.name === name);
          if (!found) throw new Error(`no entry ${name}`);
          return found.fileName;
        };
        const map = JSON.stringify({
          imports: Object.fromEntries(Object.entries(VENDORS).map(([name, bare]) => [bare, `./${entry(name)}`])),
        });
        const styles = chunks.filter(each => each.fileName.endsWith(".css")).map(each => each.fileName);
        if (styles.length !== 1) throw new Error(`one style, not ${styles.length}`);
        // Everything the first script imports, so that it comes in one round.
        const first = new Set(
          chunks.flatMap(each => (each.type === "chunk" && !each.isDynamicEntry ? [each.fileName] : [])),
        );
        const html = [
          "<!doctype html>",
          '<html lang="en" dir="ltr" data-theme="light">',
          "<head>",
          '<meta charset="utf-8">',
          '<meta name="viewport" content="width=device-width, initial-scale=1">',
          '<meta name="color-scheme" content="light dark">',
          '<meta name="referrer" content="no-referrer">',
          "<title>App</title>",
          `<script type="importmap">${map}</script>`,
          ...styles.map(name => `<link rel="stylesheet" href="./${name}">`),
          ...[...first].map(name => `<link rel="modulepreload" crossorigin href="./${name}">`),
          `<script type="module" crossorigin src="./${entry("boot")}"></script>`,
          "</head>",
          // Not a div: what an app calls its header is not the header of the whole screen.
          '<body><section id="root"></section></body>',
          "</html>",
          "",
        ].join("\n");
        this.emitFile({ type: "asset", fileName: "frame.html", source: html });
        const importmap = `sha256-${createHash("sha256").update(map).digest("base64")}`;
        this.emitFile({ type: "asset", fileName: "csp.json", source: `${JSON.stringify({ importmap })}\n` });
      },
    },
  };
}

export default defineConfig({
  root: here("."),
  base: "./",
  publicDir: false,
  plugins: [onlyOurLanguages(), vendors(), react(), page()],
  build: {
    outDir: here("../dist/_os"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rolldownOptions: {
      preserveEntrySignatures: "strict",
      input: {
        boot: here("src/boot.tsx"),
        ...Object.fromEntries(Object.keys(VENDORS).map(name => [name, `vendor:${name}`])),
      },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
