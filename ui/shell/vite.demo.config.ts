import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import { frames } from "../frame/dev.ts";
import base from "./vite.config.ts";

const session = fileURLToPath(new URL("demo/session.ts", import.meta.url));

/** The desktop without a node: `npm run demo`. */
export default mergeConfig(
  base,
  defineConfig({
    plugins: [
      frames(),
      {
        name: "session-in-memory",
        enforce: "pre",
        resolveId: (source, importer) =>
          /^(?:\.{1,2}\/)+session$/.test(source) && importer?.includes("/shell/src/") ? session : undefined,
      },
    ],
    build: { outDir: fileURLToPath(new URL("../node_modules/.cache/demo", import.meta.url)) },
  }),
);
