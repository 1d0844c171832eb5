/** What a value must look like. Fields that nobody named are refused. */
export type Shape =
  | "string"
  | "number"
  | "boolean"
  | "null"
  /** Whatever could be cloned. */
  | "any"
  | "json"
  | "blob"
  | "bytes"
  | "stream"
  | { is: readonly (string | number)[] }
  | { list: Shape }
  | { record: Shape }
  | { fields: { readonly [name: string]: Shape }; optional?: readonly string[] }
  | { any: readonly Shape[] };

export interface ArgumentShape {
  /** How many must be there. */
  least: number;
  args: readonly Shape[];
}

const DEEPEST = 64;
/** Lists and records are looked at entry by entry; longer ones are no sensible argument. */
const LONGEST = 100_000;

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const parent = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null;
};

function isJson(value: unknown, depth: number): boolean {
  if (depth > DEEPEST) return false;
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.length <= LONGEST && value.every(one => isJson(one, depth + 1));
  if (!isPlain(value)) return false;
  const inner = Object.values(value);
  return inner.length <= LONGEST && inner.every(one => isJson(one, depth + 1));
}

/** Whether the value, which came from outside, has that shape. Never throws, never runs code of the value. */
export function fits(shape: Shape, value: unknown, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  switch (shape) {
    case "any":
      return true;
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "null":
      return value === null;
    case "json":
      return isJson(value, depth);
    case "blob":
      return value instanceof Blob;
    case "bytes":
      return value instanceof ArrayBuffer;
    case "stream":
      return value instanceof ReadableStream;
  }
  if ("is" in shape) return shape.is.includes(value as string | number);
  if ("any" in shape) return shape.any.some(one => fits(one, value, depth + 1));
  if ("list" in shape)
    return Array.isArray(value) && value.length <= LONGEST && value.every(one => fits(shape.list, one, depth + 1));
  if (!isPlain(value)) return false;
  const names = Object.keys(value);
  if (names.length > LONGEST) return false;
  if ("record" in shape) return names.every(name => fits(shape.record, value[name], depth + 1));
  const { fields, optional = [] } = shape;
  return (
    names.every(name => Object.hasOwn(fields, name)) &&
    Object.keys(fields).every(name => {
      const inner = value[name];
      if (inner === undefined && optional.includes(name)) return true;
      return fits(fields[name] ?? "null", inner, depth + 1);
    })
  );
}
