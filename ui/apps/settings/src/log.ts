/** An entry of a did:webvh log, as far as a person wants to know it. */
export interface LogEntry {
  number: number;
  at: string;
  /** The update keys are others than in the entry before. */
  rotated: boolean;
  deactivated: boolean;
  raw: unknown;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads the log; an entry that is none is left out. */
export function logEntries(log: readonly unknown[]): LogEntry[] {
  let keys = "";
  return log.flatMap(raw => {
    if (!isObject(raw) || typeof raw.versionId !== "string") return [];
    const number = Number.parseInt(raw.versionId, 10);
    if (Number.isNaN(number)) return [];
    const parameters = isObject(raw.parameters) ? raw.parameters : {};
    const own = parameters.updateKeys === undefined ? keys : JSON.stringify(parameters.updateKeys);
    const rotated = keys !== "" && own !== keys;
    keys = own;
    return [
      {
        number,
        at: typeof raw.versionTime === "string" ? raw.versionTime : "",
        rotated,
        deactivated: parameters.deactivated === true,
        raw,
      },
    ];
  });
}
