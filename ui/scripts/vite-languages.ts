import type { Plugin } from "vite";

/** React Aria brings its own few texts in more than thirty languages; those that the desktop does not speak stay out. */
export function onlyOurLanguages(): Plugin {
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
