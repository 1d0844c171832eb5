/** What comes through a port is outside data: it is weighed and taken apart before anything is done with it. */

export type FromApp =
  | { kind: "call"; id: number; method: string; args: unknown[] }
  | { kind: "cancel"; id: number }
  | { kind: "subscribe"; topic: string }
  | { kind: "unsubscribe"; topic: string }
  | { kind: "booted" }
  | { kind: "focus" }
  | { kind: "drag" }
  | { kind: "crashed"; message: string; stack: string }
  | { kind: "key"; type: "keydown" | "keyup"; init: KeyboardEventInit };

type Fields = Record<string, unknown>;

const MAX_ARGS = 8;
const MAX_DEPTH = 32;
const MAX_VALUES = 50_000;
/** Bytes of one message. A file is a reference and weighs nothing. */
export const MAX_BYTES = 8 * 1024 * 1024;
const MAX_TEXT = 20_000;

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
const isName = (value: unknown): value is string => typeof value === "string" && value.length > 0 && value.length <= 64;
const text = (value: unknown): string => (typeof value === "string" ? value.slice(0, MAX_TEXT) : "");

/** The weight of a value in bytes; undefined for what no app may send. */
export function weigh(value: unknown): number | undefined {
  let bytes = 0;
  let values = 0;
  const add = (each: unknown, depth: number): boolean => {
    values += 1;
    if (values > MAX_VALUES || depth > MAX_DEPTH || bytes > MAX_BYTES) return false;
    switch (typeof each) {
      case "string":
        bytes += each.length * 2 + 8;
        return bytes <= MAX_BYTES;
      case "number":
      case "boolean":
      case "undefined":
        bytes += 8;
        return true;
      case "object":
        break;
      default:
        return false;
    }
    if (each === null) {
      bytes += 8;
      return true;
    }
    if (each instanceof Blob || each instanceof Date) {
      bytes += 64;
      return true;
    }
    if (each instanceof ArrayBuffer || ArrayBuffer.isView(each)) {
      bytes += each.byteLength;
      return bytes <= MAX_BYTES;
    }
    if (Array.isArray(each)) return each.every(inner => add(inner, depth + 1));
    if (Object.getPrototypeOf(each) !== Object.prototype) return false;
    for (const [name, inner] of Object.entries(each)) {
      bytes += name.length * 2 + 16;
      if (!add(inner, depth + 1)) return false;
    }
    return true;
  };
  return add(value, 0) ? bytes : undefined;
}

function hintOf(message: Fields): FromApp | undefined {
  switch (message.hint) {
    case "booted":
      return { kind: "booted" };
    case "focus":
      return { kind: "focus" };
    case "drag":
      return { kind: "drag" };
    case "crashed":
      return { kind: "crashed", message: text(message.message), stack: text(message.stack) };
    case "key": {
      if (message.type !== "keydown" && message.type !== "keyup") return undefined;
      if (!isName(message.key) || !isName(message.code)) return undefined;
      const { key, code, altKey, ctrlKey, metaKey, shiftKey } = message;
      const init = {
        key,
        code,
        altKey: altKey === true,
        ctrlKey: ctrlKey === true,
        metaKey: metaKey === true,
        shiftKey: shiftKey === true,
        bubbles: true,
        cancelable: true,
      };
      return { kind: "key", type: message.type, init };
    }
    default:
      return undefined;
  }
}

/** Takes a message apart; undefined when it is none of ours. */
export function parse(message: unknown): FromApp | undefined {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined;
  const fields = message as Fields;
  if ("m" in fields) {
    const { id, m, a } = fields;
    if (!isId(id) || !isName(m) || !Array.isArray(a) || a.length > MAX_ARGS) return undefined;
    return { kind: "call", id, method: m, args: a };
  }
  if ("cancel" in fields) return isId(fields.cancel) ? { kind: "cancel", id: fields.cancel } : undefined;
  if ("sub" in fields) return isName(fields.sub) ? { kind: "subscribe", topic: fields.sub } : undefined;
  if ("unsub" in fields) return isName(fields.unsub) ? { kind: "unsubscribe", topic: fields.unsub } : undefined;
  return hintOf(fields);
}
