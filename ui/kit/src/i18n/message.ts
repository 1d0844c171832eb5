/**
 * Messages of a catalogue: the useful part of ICU MessageFormat.
 *
 * `{name}` · `{n, number}` · `{n, percent}` · `{size, bytes}` · `{rate, rate}` · `{at, date}` · `{at, time}` · `{at, datetime}` · `{at, relative}` ·
 * `{seconds, duration}` · `{n, plural, =0 {…} one {…} other {# …}}` · `{kind, select, file {…} other {…}}`.
 * An apostrophe quotes only a brace that follows it (`'{'`); everywhere else it is a letter.
 */
import type { Formats } from "./formats";

export type Value = string | number | bigint | boolean | Date | null | undefined;
export type Values = Readonly<Record<string, Value>>;

export type Part =
  | { kind: "text"; text: string }
  | { kind: "hash" }
  | { kind: "value"; name: string; style: Style | null }
  | { kind: "choice"; by: "plural" | "select"; name: string; cases: ReadonlyMap<string, readonly Part[]> };

const STYLES = ["number", "percent", "bytes", "rate", "date", "time", "datetime", "relative", "duration"] as const;
type Style = (typeof STYLES)[number];

/** A message that cannot be read: says what is wrong and where. */
export class MessageError extends Error {
  constructor(source: string, at: number, problem: string) {
    super(`${problem} at ${at} in message: ${source}`);
    this.name = "MessageError";
  }
}

/** Reads one message. Throws {@link MessageError} on broken syntax. */
export function parse(source: string): readonly Part[] {
  let at = 0;

  function fail(problem: string): never {
    throw new MessageError(source, at, problem);
  }
  function space() {
    while (at < source.length && /\s/.test(source.charAt(at))) at += 1;
  }
  function word(): string {
    space();
    const start = at;
    while (at < source.length && !/[\s{},]/.test(source.charAt(at))) at += 1;
    if (start === at) fail("a name is missing");
    return source.slice(start, at);
  }
  function eat(char: string) {
    space();
    if (source.charAt(at) !== char) fail(`'${char}' expected`);
    at += 1;
  }

  function cases(): Map<string, readonly Part[]> {
    const found = new Map<string, readonly Part[]>();
    for (;;) {
      space();
      if (source.charAt(at) === "}") break;
      const label = word();
      eat("{");
      found.set(label, parts(true));
      eat("}");
    }
    if (!found.has("other")) fail("the case 'other' is missing");
    return found;
  }

  function placeholder(): Part {
    eat("{");
    const name = word();
    space();
    if (source.charAt(at) === "}") {
      at += 1;
      return { kind: "value", name, style: null };
    }
    eat(",");
    const style = word();
    if (style === "plural" || style === "select") {
      eat(",");
      const part: Part = { kind: "choice", by: style, name, cases: cases() };
      eat("}");
      return part;
    }
    const known = STYLES.find(each => each === style) ?? fail(`unknown style '${style}'`);
    eat("}");
    return { kind: "value", name, style: known };
  }

  function parts(nested: boolean): readonly Part[] {
    const out: Part[] = [];
    let text = "";
    const flush = () => {
      if (text) out.push({ kind: "text", text });
      text = "";
    };
    while (at < source.length) {
      const char = source.charAt(at);
      const next = source.charAt(at + 1);
      if (char === "'" && (next === "{" || next === "}" || next === "'")) {
        at += 2;
        text += next;
        if (next !== "'" && source.charAt(at) === "'") at += 1;
      } else if (char === "{") {
        flush();
        out.push(placeholder());
      } else if (char === "}") {
        if (!nested) fail("a brace that was never opened");
        break;
      } else if (char === "#" && nested) {
        flush();
        out.push({ kind: "hash" });
        at += 1;
      } else {
        text += char;
        at += 1;
      }
    }
    if (nested && at >= source.length) fail("a brace that is never closed");
    flush();
    return out;
  }

  return parts(false);
}

function styled(style: Style | null, value: Value, formats: Formats): string {
  if (value === null || value === undefined) return "";
  if (style === null) return typeof value === "number" ? formats.number(value) : String(value);
  if (style === "date" || style === "time" || style === "datetime" || style === "relative") {
    return formats[style](
      value instanceof Date ? value : new Date(Number.isNaN(Number(value)) ? String(value) : Number(value)),
    );
  }
  return formats[style](Number(value));
}

/** Puts values into a message. A value that is missing shows as nothing, never as an error. */
export function print(parts: readonly Part[], values: Values, formats: Formats, count?: number): string {
  let out = "";
  for (const part of parts) {
    if (part.kind === "text") out += part.text;
    else if (part.kind === "hash") out += count === undefined ? "#" : formats.number(count);
    else if (part.kind === "value") out += styled(part.style, values[part.name], formats);
    else {
      const value = values[part.name];
      const number = part.by === "plural" ? Number(value) : undefined;
      const label =
        number === undefined ? String(value) : part.cases.has(`=${number}`) ? `=${number}` : formats.plural(number);
      const chosen = part.cases.get(label) ?? part.cases.get("other") ?? [];
      out += print(chosen, values, formats, number ?? count);
    }
  }
  return out;
}

/** The names of all values a message asks for, sorted; catalogues of one package must agree on them. */
export function names(parts: readonly Part[]): string[] {
  const found = new Set<string>();
  const walk = (list: readonly Part[]) => {
    for (const part of list) {
      if (part.kind === "value" || part.kind === "choice") found.add(part.name);
      if (part.kind === "choice") for (const inner of part.cases.values()) walk(inner);
    }
  };
  walk(parts);
  return [...found].sort();
}
