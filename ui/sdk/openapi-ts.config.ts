import { defineConfig } from "@hey-api/openapi-ts";

/** Types and a typed fetch client from what the node says about itself. */
export default defineConfig({
  input: "./openapi.json",
  output: { path: "./src/generated", clean: true },
  plugins: ["@hey-api/typescript"],
  logs: { file: false },
});
