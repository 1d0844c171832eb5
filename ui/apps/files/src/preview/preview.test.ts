// @vitest-environment node
import { describe, expect, it } from "vitest";
import { decode, detectEncoding } from "./encoding";
import { type Block, inline, parseMarkdown, safeHref } from "./markdown";

const bytes = (...values: number[]) => new Uint8Array(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("encoding", () => {
  it("is told by the mark or by what the bytes allow", () => {
    expect(detectEncoding(utf8("grün"))).toBe("utf-8");
    expect(detectEncoding(utf8("grün").subarray(0, 3))).toBe("utf-8");
    expect(detectEncoding(bytes(0x67, 0x72, 0xfc, 0x6e, 0x20, 0x20, 0x20))).toBe("windows-1252");
    expect(detectEncoding(bytes(0xff, 0xfe, 0x61, 0))).toBe("utf-16le");
    expect(detectEncoding(bytes(0x61, 0, 0x62, 0, 0x63, 0))).toBe("utf-16le");
    expect(detectEncoding(bytes(1, 0, 0, 0, 2, 0, 0, 9))).toBeUndefined();
    expect(decode(bytes(0x67, 0x72, 0xfc, 0x6e), "windows-1252")).toBe("grün");
  });
});

describe("Markdown", () => {
  const types = (source: string) => parseMarkdown(source).map(block => block.type);

  it("reads the blocks people write", () => {
    expect(
      types(
        "# A\n\ntext\nmore\n\n- a\n- b\n\n1. x\n\n> q\n\n```js\ncode\n```\n\n---\n\n|a|b|\n|-|-:|\n|1|2|\n\nB\n=\n",
      ),
    ).toEqual(["heading", "paragraph", "list", "list", "quote", "code", "rule", "table", "heading"]);
  });

  it("nests lists and knows tasks", () => {
    const [list] = parseMarkdown("- [x] a\n  - b\n- [ ] c") as [Extract<Block, { type: "list" }>];
    expect(list.items.map(item => item.checked)).toEqual([true, false]);
    expect(list.items[0]?.children.map(block => block.type)).toEqual(["paragraph", "list"]);
  });

  it("keeps HTML as text", () => {
    expect(inline("<script>alert(1)</script>")).toEqual([{ type: "text", text: "<script>alert(1)</script>" }]);
    expect(types("<div onclick=x>")).toEqual(["paragraph"]);
  });

  it("follows only addresses of the web and of mail", () => {
    expect(safeHref("https://example.org")).toBe("https://example.org/");
    for (const bad of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "/a",
      "#x",
    ])
      expect(safeHref(bad)).toBeUndefined();
    expect(inline("[x](javascript:alert(1))")[0]).toMatchObject({ type: "text" });
    expect(inline("see https://a.org.")).toEqual([
      { type: "text", text: "see " },
      { type: "link", href: "https://a.org/", children: [{ type: "text", text: "https://a.org" }] },
      { type: "text", text: "." },
    ]);
  });

  it("loads no picture from outside", () => {
    expect(inline("![cat](https://evil.example/cat.png)")).toEqual([{ type: "image", alt: "cat" }]);
  });

  it("reads emphasis, code and escapes", () => {
    expect(inline("**a *b*** `c*` snake_case_name \\*d\\*").map(part => part.type)).toEqual([
      "strong",
      "text",
      "code",
      "text",
    ]);
  });

  it("ends on hostile input in reasonable time", () => {
    const start = performance.now();
    for (const bad of [
      "*".repeat(20_000),
      "[".repeat(20_000),
      "> ".repeat(5000),
      "- ".repeat(5000),
      "`".repeat(20_001),
      "**a".repeat(5000),
      `${"|".repeat(20_000)}\n|-|\n`,
    ])
      parseMarkdown(bad);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
