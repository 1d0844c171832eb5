import { defineConfig } from "@hey-api/openapi-ts";

/**
 * Types, one function for each operation, and the small fetch client they run on, from what the node says about itself.
 * The functions answer with the data and throw what the client's `fetch` throws. They add no credentials: the session's
 * `fetch` does.
 */
export default defineConfig({
  input: "./openapi.json",
  output: { path: "./src/generated", clean: true },
  plugins: [
    "@hey-api/typescript",
    { name: "@hey-api/client-fetch", throwOnError: true },
    { name: "@hey-api/sdk", auth: false, responseStyle: "data" },
  ],
  logs: { file: false },
});
