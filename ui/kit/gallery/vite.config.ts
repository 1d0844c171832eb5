import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** All components on one page, for work on the kit: `npm run gallery -w @webx/ui`. */
export default defineConfig({ root: fileURLToPath(new URL(".", import.meta.url)), plugins: [react()] });
