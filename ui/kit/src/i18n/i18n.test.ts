import { describe, expect, it } from "vitest";
import { catalogue } from "./catalogue";
import { formatsOf } from "./formats";
import { bestLocale } from "./locales";
import { names, parse, print } from "./message";

const say = (source: string, values = {}, locale = "en") => print(parse(source), values, formatsOf(locale));
const files = "{count, plural, =0 {no files} one {# file} other {# files}}";
const arabic = "{count, plural, zero {صفر} one {واحد} two {اثنان} few {قليل #} many {كثير #} other {غير #}}";

describe("a message", () => {
  it("takes values by name", () => {
    expect(say("Hello {name}", { name: "Ada" })).toBe("Hello Ada");
    expect(say("Hello {name}!", {})).toBe("Hello !");
  });

  it("chooses the plural of the language", () => {
    expect([0, 1, 2, 1200].map(count => say(files, { count }))).toEqual([
      "no files",
      "1 file",
      "2 files",
      "1,200 files",
    ]);
    expect(say("{n, plural, one {# Datei} other {# Dateien}}", { n: 1200 }, "de")).toBe("1.200 Dateien");
  });

  it("knows the six plurals of Arabic", () => {
    const words = [0, 1, 2, 3, 11, 100].map(count => say(arabic, { count }, "ar").split(" ")[0]);
    expect(words).toEqual(["صفر", "واحد", "اثنان", "قليل", "كثير", "غير"]);
  });

  it("chooses by word, also inside a plural", () => {
    const source = "{kind, select, folder {Folder with {n, plural, one {# entry} other {# entries}}} other {File}}";
    expect(say(source, { kind: "folder", n: 2 })).toBe("Folder with 2 entries");
    expect(say(source, { kind: "socket" })).toBe("File");
  });

  it("keeps apostrophes, and lets one quote a brace", () => {
    expect(say("Don't write '{'this'}'.")).toBe("Don't write {this}.");
  });

  it("refuses broken syntax", () => {
    for (const broken of ["{", "{a", "a}", "{n, plural, one {x}}", "{n, banana}", "{n, plural, other {x}"]) {
      expect(() => parse(broken), broken).toThrow(/in message/);
    }
  });

  it("lists the values it needs", () => {
    expect(names(parse("{b} {n, plural, other {{a}}}"))).toEqual(["a", "b", "n"]);
  });
});

describe("formats", () => {
  const en = formatsOf("en");
  const now = new Date(2026, 10, 22, 12, 0, 0);

  it("write sizes in decimal units", () => {
    expect([0, 999, 1000, 1_500_000, 999_999_999, 21_474_836_480].map(en.bytes)).toEqual([
      "0 bytes",
      "999 bytes",
      "1 kB",
      "1.5 MB",
      "1 GB",
      "21.5 GB",
    ]);
    expect(formatsOf("de").bytes(1_500_000)).toBe("1,5 MB");
    expect(en.rate(2_500_000)).toBe("2.5 MB/s");
  });

  it("write lengths of time by their two largest units", () => {
    expect(en.duration(3_725)).toBe("1 hr 2 min");
    expect(en.duration(59.6)).toBe("1 min");
    expect(en.duration(0)).toBe("0 sec");
  });

  it("write near times in words", () => {
    expect(en.relative(new Date(now.getTime() - 180_000), now)).toBe("3 minutes ago");
    expect(en.day(new Date(2026, 10, 22, 1), now)).toBe("Today");
    expect(en.day(new Date(2026, 10, 21, 23), now)).toBe("Yesterday");
    expect(en.day(new Date(2026, 10, 19), now)).toBe("Thursday, November 19, 2026");
  });

  it("show a dash for a date that is none", () => {
    expect(en.datetime(new Date("never"))).toBe("–");
  });

  it("sort names naturally", () => {
    expect(["file10", "File2", "file1"].sort(en.compare)).toEqual(["file1", "File2", "file10"]);
  });
});

describe("a catalogue", () => {
  const useT = catalogue({
    en: { hello: "Hello {name}" },
    de: async () => ({ default: { hello: "Hallo {name}" } }),
    ar: async () => ({ default: { hello: "مرحبا {name}" } }),
  });

  it("loads a language once", async () => {
    const t = await useT.load("de");
    expect(t("hello", { name: "Ada" })).toBe("Hallo Ada");
    expect(await useT.load("de")).toBe(t);
    expect((await useT.load("en"))("hello", { name: "Ada" })).toBe("Hello Ada");
  });

  it("picks the first language we speak", () => {
    expect(bestLocale(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(bestLocale(["ja"])).toBe("en");
  });
});
