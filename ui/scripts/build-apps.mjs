/**
 * Makes of every app in ui/apps what a package holds: ui/dist-apps/<id>/{manifest.json, app.js, app.css, icon.svg}.
 * The module stands alone but for what the desktop gives every app by name. `node scripts/build-apps.mjs files` makes one.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { build } from "vite";

const here = path => fileURLToPath(new URL(path, import.meta.url));
const APPS = here("../apps");
const OUT = here("../dist-apps");

/** What an app imports by name; see the import map of the frame. */
const GIVEN = ["react", "react/jsx-runtime", "react-dom", "react-dom/client", "@webx/ui", "@webx/sdk"];

async function make(id) {
  const root = join(APPS, id);
  const out = join(OUT, id);
  const { entry } = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
  const { module, style } = entry.builtin;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await build({
    configFile: false,
    root,
    publicDir: false,
    logLevel: "warn",
    plugins: [react()],
    define: { "process.env.NODE_ENV": '"production"' },
    build: {
      outDir: out,
      emptyOutDir: false,
      target: "es2023",
      modulePreload: false,
      reportCompressedSize: false,
      lib: {
        entry: join(root, "src/index.tsx"),
        formats: ["es"],
        fileName: () => module,
        cssFileName: style.replace(/\.css$/, ""),
      },
      rolldownOptions: {
        external: GIVEN,
        output: { codeSplitting: false, minify: true },
      },
    },
  });
  for (const file of ["manifest.json", "icon.svg"]) copyFileSync(join(root, file), join(out, file));
  check(id, out, [module, style, "manifest.json", "icon.svg"]);
}

/** One module, one style, nothing that would have to be fetched. */
function check(id, out, files) {
  const there = readdirSync(out).sort().join(" ");
  if (there !== [...files].sort().join(" ")) throw new Error(`${id}: made ${there}, wanted ${files.join(" ")}`);
  const code = readFileSync(join(out, files[0]), "utf8");
  const imports = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)].map(match => match[1]);
  const odd = imports.filter(name => !GIVEN.includes(name));
  if (odd.length > 0) throw new Error(`${id}: imports ${odd.join(", ")}`);
  if (!/\bdefault\b/.test(code)) throw new Error(`${id}: has no default export`);
}

const wanted = process.argv.slice(2);
const all = readdirSync(APPS).filter(id => existsSync(join(APPS, id, "src/index.tsx")));
for (const id of wanted.length > 0 ? wanted : all) await make(id);
