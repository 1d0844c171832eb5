/** The useful part of CommonMark and its tables, read into a tree. HTML in the source stays text. */
export type Inline =
  | { type: "text"; text: string }
  | { type: "code"; text: string }
  | { type: "break" }
  | { type: "strong" | "emphasis" | "strike"; children: Inline[] }
  | { type: "link"; href: string; children: Inline[] }
  | { type: "image"; alt: string };

export type Block =
  | { type: "heading"; level: number; children: Inline[] }
  | { type: "paragraph"; children: Inline[] }
  | { type: "code"; language: string; text: string }
  | { type: "quote"; children: Block[] }
  | { type: "list"; ordered: boolean; start: number; items: { checked: boolean | undefined; children: Block[] }[] }
  | { type: "table"; head: Inline[][]; rows: Inline[][][]; align: ("start" | "center" | "end" | undefined)[] }
  | { type: "rule" };

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`\s]*)[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(\s+|$)(.*)$/;
const ROW = /^\s*\|?(.+?)\|?\s*$/;
const DELIMITER = /^\s*\|?\s*:?-{1,}:?\s*(\|\s*:?-{1,}:?\s*)*\|?\s*$/;
const DEEPEST = 12;

export function parseMarkdown(source: string): Block[] {
  return blocks(source.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function blocks(lines: string[], depth: number): Block[] {
  const out: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const mark = fence[1] ?? "```";
      const text: string[] = [];
      at += 1;
      while (at < lines.length && !(lines[at] ?? "").trimStart().startsWith(mark)) {
        text.push(lines[at] ?? "");
        at += 1;
      }
      at += 1;
      out.push({ type: "code", language: fence[2] ?? "", text: text.join("\n") });
      continue;
    }
    const heading = HEADING.exec(line);
    if (heading !== null) {
      out.push({ type: "heading", level: heading[1]?.length ?? 1, children: inline(heading[2] ?? "") });
      at += 1;
      continue;
    }
    if (RULE.test(line)) {
      out.push({ type: "rule" });
      at += 1;
      continue;
    }
    if (QUOTE.test(line) && depth < DEEPEST) {
      const inner: string[] = [];
      while (at < lines.length && (lines[at] ?? "").trim() !== "") {
        inner.push(QUOTE.exec(lines[at] ?? "")?.[1] ?? lines[at] ?? "");
        at += 1;
      }
      out.push({ type: "quote", children: blocks(inner, depth + 1) });
      continue;
    }
    if (ITEM.test(line) && depth < DEEPEST) {
      const [list, next] = readList(lines, at, depth);
      out.push(list);
      at = next;
      continue;
    }
    if (/^ {4}/.test(line)) {
      const text: string[] = [];
      while (at < lines.length && (/^ {4}/.test(lines[at] ?? "") || (lines[at] ?? "").trim() === "")) {
        text.push((lines[at] ?? "").slice(4));
        at += 1;
      }
      out.push({ type: "code", language: "", text: text.join("\n").trimEnd() });
      continue;
    }
    if (line.includes("|") && DELIMITER.test(lines[at + 1] ?? "")) {
      const [table, next] = readTable(lines, at);
      out.push(table);
      at = next;
      continue;
    }
    const text: string[] = [];
    while (at < lines.length && isParagraph(lines[at] ?? "", text.length > 0)) {
      const under = /^ {0,3}(=+|-+)\s*$/.exec(lines[at + 1] ?? "");
      text.push(lines[at] ?? "");
      at += 1;
      if (under !== null && (lines[at - 1] ?? "").trim() !== "") {
        out.push({
          type: "heading",
          level: under[1]?.startsWith("=") ? 1 : 2,
          children: inline(text.join("\n").trim()),
        });
        text.length = 0;
        at += 1;
        break;
      }
    }
    if (text.length > 0) out.push({ type: "paragraph", children: inline(text.join("\n").trim()) });
  }
  return out;
}

function isParagraph(line: string, inside: boolean): boolean {
  if (line.trim() === "") return false;
  if (!inside) return true;
  return !(FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line));
}

function readList(lines: string[], from: number, depth: number): [Block, number] {
  const first = ITEM.exec(lines[from] ?? "");
  const ordered = /\d/.test(first?.[2] ?? "");
  const items: { checked: boolean | undefined; children: Block[] }[] = [];
  let at = from;
  while (at < lines.length) {
    const item = ITEM.exec(lines[at] ?? "");
    if (item === null || /\d/.test(item[2] ?? "") !== ordered) break;
    const indent = (item[1]?.length ?? 0) + (item[2]?.length ?? 1) + Math.min(4, Math.max(1, item[3]?.length ?? 1));
    let head = item[4] ?? "";
    const task = /^\[([ xX])\]\s+/.exec(head);
    if (task !== null) head = head.slice(task[0].length);
    const inner = [head];
    at += 1;
    while (at < lines.length) {
      const line = lines[at] ?? "";
      const deep = line.startsWith(" ".repeat(Math.min(indent, 2)));
      if (line.trim() === "") {
        const next = lines[at + 1] ?? "";
        if (next.trim() === "" || !(next.startsWith("  ") || ITEM.test(next))) break;
        if (ITEM.test(next) && !next.startsWith("  ")) {
          at += 1;
          break;
        }
        inner.push("");
      } else if (deep) inner.push(line.slice(Math.min(indent, line.length - line.trimStart().length)));
      else if (ITEM.test(line) || !isParagraph(line, true)) break;
      else inner.push(line);
      at += 1;
    }
    items.push({
      checked: task === null ? undefined : task[1] !== " ",
      children: blocks(inner, depth + 1),
    });
  }
  return [{ type: "list", ordered, start: Number.parseInt(first?.[2] ?? "1", 10) || 1, items }, at];
}

const cellsOf = (line: string): string[] =>
  (ROW.exec(line)?.[1] ?? "").split(/(?<!\\)\|/).map(cell => cell.trim().replaceAll("\\|", "|"));

function readTable(lines: string[], from: number): [Block, number] {
  const head = cellsOf(lines[from] ?? "").map(inline);
  const align = cellsOf(lines[from + 1] ?? "").map(cell => {
    if (cell.startsWith(":") && cell.endsWith(":")) return "center" as const;
    if (cell.endsWith(":")) return "end" as const;
    return cell.startsWith(":") ? ("start" as const) : undefined;
  });
  const rows: Inline[][][] = [];
  let at = from + 2;
  while (at < lines.length && (lines[at] ?? "").includes("|")) {
    rows.push(cellsOf(lines[at] ?? "").map(inline));
    at += 1;
  }
  return [{ type: "table", head, rows, align }, at];
}

/** Only addresses that lead out of the page by a click; everything else stays text. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return url.protocol === "https:" || url.protocol === "http:" || url.protocol === "mailto:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

const ESCAPED = /^\\([!-/:-@[-`{-~])/;
const CODE = /^(`+)([\s\S]*?[^`])\1(?!`)/;
const IMAGE = /^!\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?\)/;
const LINK = /^\[((?:[^[\]]|\[[^\]]*\])*)\]\(\s*<?([^)\s>]*)>?(?:\s+"[^"]*")?\s*\)/;
const AUTO = /^<((?:https?:\/\/|mailto:)[^>\s]+)>/;
const BARE = /^https?:\/\/[^\s<>()[\]]+[^\s<>()[\].,;:!?'"]/;
const STRONG = /^(\*\*|__)(?=\S)([\s\S]*?\S)\1/;
const EMPHASIS = /^([*_])(?=\S)((?:[^*_]|\*\*[\s\S]*?\*\*)*?\S)\1(?![\p{L}\p{N}])/u;
const STRIKE = /^~~(?=\S)([\s\S]*?\S)~~/;

interface Rule {
  starts: string;
  pattern: RegExp;
  /** Not in the middle of a word. */
  atWord?: boolean;
  make: (match: RegExpExecArray, depth: number) => Inline[];
}

const nested = (type: "strong" | "emphasis" | "strike", text: string, depth: number): Inline[] => [
  { type, children: inline(text, depth + 1) },
];

function address(text: string): Inline[] {
  const href = safeHref(text);
  const label: Inline = { type: "text", text };
  return [href === undefined ? label : { type: "link", href, children: [label] }];
}

/** In the order in which they are tried. */
const RULES: Rule[] = [
  { starts: "\\", pattern: ESCAPED, make: match => [{ type: "text", text: match[1] ?? "" }] },
  { starts: "`", pattern: CODE, make: match => [{ type: "code", text: (match[2] ?? "").trim() }] },
  { starts: "!", pattern: IMAGE, make: match => [{ type: "image", alt: match[1] ?? "" }] },
  {
    starts: "[",
    pattern: LINK,
    make: (match, depth) => {
      const href = safeHref(match[2] ?? "");
      const children = inline(match[1] ?? "", depth + 1);
      return href === undefined ? children : [{ type: "link", href, children }];
    },
  },
  { starts: "<", pattern: AUTO, make: match => address(match[1] ?? "") },
  { starts: "h", pattern: BARE, atWord: true, make: match => address(match[0]) },
  { starts: "*_", pattern: STRONG, make: (match, depth) => nested("strong", match[2] ?? "", depth) },
  { starts: "*", pattern: EMPHASIS, make: (match, depth) => nested("emphasis", match[2] ?? "", depth) },
  { starts: "_", pattern: EMPHASIS, atWord: true, make: (match, depth) => nested("emphasis", match[2] ?? "", depth) },
  { starts: "~", pattern: STRIKE, make: (match, depth) => nested("strike", match[1] ?? "", depth) },
];

const LONGEST_INLINE = 4000;

export function inline(source: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  let text = "";
  const flush = () => {
    if (text !== "") out.push({ type: "text", text });
    text = "";
  };
  let at = 0;
  while (at < source.length) {
    const char = source[at] ?? "";
    const found = depth < DEEPEST ? match(source, at, char) : undefined;
    if (found !== undefined) {
      const [rule, result] = found;
      for (const part of rule.make(result, depth)) {
        if (part.type === "text") {
          text += part.text;
          continue;
        }
        flush();
        out.push(part);
      }
      at += result[0].length;
      continue;
    }
    if (char === "\n" && /( {2,}|\\)$/.test(text)) {
      text = text.replace(/( +|\\)$/, "");
      flush();
      out.push({ type: "break" });
    } else text += char;
    at += 1;
  }
  flush();
  return out;
}

function match(source: string, at: number, char: string): [Rule, RegExpExecArray] | undefined {
  for (const rule of RULES) {
    if (!rule.starts.includes(char)) continue;
    if (rule.atWord && /[\p{L}\p{N}]/u.test(source[at - 1] ?? "")) continue;
    const result = rule.pattern.exec(source.slice(at, at + LONGEST_INLINE));
    if (result !== null) return [rule, result];
  }
  return undefined;
}
