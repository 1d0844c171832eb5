/**
 * Types for whoever makes apps: ui/dist-types/@webx/{sdk,ui}/index.d.ts, each in one file that leans on React's types
 * alone, and React's types beside them. `wxa new` puts them into a project. Made again only when the sources changed.
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateDtsBundle } from "dts-bundle-generator";
import ts from "typescript";

const here = path => fileURLToPath(new URL(path, import.meta.url));
const require = createRequire(import.meta.url);
const OUT = here("../dist-types");
const STAMP = here("../node_modules/.cache/types.sha256");

/** Types of libraries that appear in the kit's own; an app does not have those libraries. */
const INLINED = [
  "react-aria-components",
  "react-aria",
  "react-stately",
  "@react-types/shared",
  "@internationalized/date",
  "@internationalized/number",
  "@internationalized/string",
  "lucide-react",
];

/** Packages of which the types are copied as they are, with their licence. */
const COPIED = {
  react: ["@types/react", ["index.d.ts", "global.d.ts", "jsx-runtime.d.ts", "jsx-dev-runtime.d.ts", "LICENSE"]],
  "react-dom": ["@types/react-dom", ["index.d.ts", "client.d.ts", "LICENSE"]],
  csstype: ["csstype", ["index.d.ts", "LICENSE"]],
};

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (/\.(ts|tsx)$/.test(entry.name) && !/\.test\./.test(entry.name)) yield path;
  }
}

function stamp() {
  const hash = createHash("sha256");
  for (const folder of ["../kit/src", "../sdk/src"])
    for (const path of [...files(here(folder))].sort()) hash.update(readFileSync(path));
  hash.update(readFileSync(here("../package-lock.json"))).update(readFileSync(fileURLToPath(import.meta.url)));
  return hash.digest("hex");
}

/** Everything a declaration may import. */
const GIVEN = new Set(["react", "react/jsx-runtime", "react-dom", "@webx/sdk"]);

/** The bundler renames what has the name of something global, but not everywhere it is used through `React`. */
function repaired(text) {
  return text
    .replaceAll(/import\("react"\)\.React\$1\./g, "React$1.")
    .replaceAll("React$1.ReactKeyboardEvent", "ReactKeyboardEvent");
}

const PARTS = { "@webx/sdk": "../sdk/src/index.ts", "@webx/ui": "../kit/src/index.ts" };

function bundle() {
  const texts = generateDtsBundle(
    Object.values(PARTS).map(source => ({
      filePath: here(source),
      libraries: { inlinedLibraries: INLINED, importedLibraries: ["react", "react-dom"], allowedTypesLibraries: [] },
      output: { noBanner: true, sortNodes: false, exportReferencedTypes: false },
      noCheck: true,
    })),
    { preferredConfigPath: here("../tsconfig.types.json") },
  );
  Object.keys(PARTS).forEach((name, index) => {
    const text = repaired(texts[index]);
    const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, "");
    const odd = [...code.matchAll(/\bfrom ["']([^"']+)["']|\bimport\(["']([^"']+)["']\)/g)]
      .map(match => match[1] ?? match[2])
      .filter(each => !GIVEN.has(each));
    if (odd.length > 0) throw new Error(`the types of ${name} import ${[...new Set(odd)].join(", ")}`);
    const folder = join(OUT, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "index.d.ts"), text);
  });
}

/** They must hold together on their own, as they will in a project. */
function check() {
  const names = Object.keys(PARTS).map(name => join(OUT, name, "index.d.ts"));
  const program = ts.createProgram(names, {
    ...{
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      target: ts.ScriptTarget.ES2023,
      types: [],
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    },
    ...{ module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, jsx: ts.JsxEmit.ReactJSX },
    paths: {
      "@webx/*": [`${OUT}/@webx/*`],
      ...Object.fromEntries(
        Object.keys(COPIED).flatMap(name => [
          [name, [`${OUT}/${name}`]],
          [`${name}/*`, [`${OUT}/${name}/*`]],
        ]),
      ),
    },
  });
  const faults = ts.getPreEmitDiagnostics(program);
  if (faults.length === 0) return;
  const host = { getCanonicalFileName: name => name, getCurrentDirectory: () => OUT, getNewLine: () => "\n" };
  throw new Error(ts.formatDiagnostics(faults.slice(0, 20), host));
}

const now = stamp();
if (!existsSync(join(OUT, "react/index.d.ts")) || !existsSync(STAMP) || readFileSync(STAMP, "utf8") !== now) {
  rmSync(OUT, { recursive: true, force: true });
  bundle();
  for (const [name, [source, wanted]] of Object.entries(COPIED)) {
    const from = dirname(require.resolve(`${source}/package.json`));
    mkdirSync(join(OUT, name), { recursive: true });
    for (const file of wanted) copyFileSync(join(from, file), join(OUT, name, file));
  }
  check();
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, now);
}
