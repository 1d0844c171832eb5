import { describe, expect, it } from "vitest";
import { LOCALES } from "./locales";
import { names, type Part, parse } from "./message";

const files = import.meta.glob<Record<string, string>>(
  ["../../../*/src/**/locales/*.json", "../../../apps/*/src/**/locales/*.json"],
  {
    eager: true,
    import: "default",
  },
);
const folders = [...new Set(Object.keys(files).map(path => path.slice(0, path.lastIndexOf("/"))))];

/** Plural forms a language needs for whole numbers; a message may name fewer only by leaving them to `other`. */
function unknownForms(parts: readonly Part[], locale: string): string[] {
  const allowed = new Set<string>(new Intl.PluralRules(locale).resolvedOptions().pluralCategories);
  return parts.flatMap(part =>
    part.kind !== "choice"
      ? []
      : [...part.cases].flatMap(([label, inner]) => [
          ...(part.by === "plural" && !label.startsWith("=") && !allowed.has(label) ? [label] : []),
          ...unknownForms(inner, locale),
        ]),
  );
}

describe.each(folders)("the catalogue %s", folder => {
  const english = files[`${folder}/en.json`] ?? {};

  it.each(LOCALES)("has every text in %s, with the same values", locale => {
    const texts = files[`${folder}/${locale}.json`] ?? {};
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
    for (const [key, text] of Object.entries(texts)) {
      expect(text.trim(), key).not.toBe("");
      expect(names(parse(text)), key).toEqual(names(parse(english[key] ?? "")));
      expect(unknownForms(parse(text), locale), key).toEqual([]);
    }
  });
});
