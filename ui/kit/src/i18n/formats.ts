/** Numbers, sizes, dates and times as the person's language writes them. */

export interface Formats {
  locale: string;
  number(value: number): string;
  /** 0.42 → 42 % */
  percent(value: number): string;
  /** A size in bytes, decimal units: 1,500,000 → 1.5 MB */
  bytes(value: number): string;
  /** Bytes each second: 1,500,000 → 1.5 MB/s */
  rate(bytesPerSecond: number): string;
  /** A length of time in seconds, its two largest units: 3,725 → 1 hr, 2 min */
  duration(seconds: number): string;
  date(value: Date): string;
  time(value: Date): string;
  datetime(value: Date): string;
  /** Distance from now: "3 minutes ago", "yesterday" */
  relative(value: Date, now?: Date): string;
  /** The day, in words where it is near: "Today", "Yesterday", else the full date */
  day(value: Date, now?: Date): string;
  list(values: readonly string[]): string;
  plural(value: number): Intl.LDMLPluralRule;
  /** For sorting names: natural (file2 before file10), case-insensitive */
  compare(left: string, right: string): number;
}

const BYTE_UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;
const TIME_UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const DISTANCES = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;
const NO_DATE = "–";

/** Makes each formatter on first use only: building an `Intl` object costs more than using it. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function makeFormats(locale: string): Formats {
  const number = once(() => new Intl.NumberFormat(locale));
  const percent = once(() => new Intl.NumberFormat(locale, { style: "percent" }));
  const plural = once(() => new Intl.PluralRules(locale));
  const date = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "medium" }));
  const fullDate = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "full" }));
  const time = once(() => new Intl.DateTimeFormat(locale, { timeStyle: "short" }));
  const datetime = once(() => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }));
  const relative = once(() => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
  const list = once(() => new Intl.ListFormat(locale, { type: "conjunction" }));
  const collator = once(() => new Intl.Collator(locale, { numeric: true, sensitivity: "base" }));
  const units = new Map<string, Intl.NumberFormat>();
  const unit = (name: string, digits: number) => {
    const key = `${name}/${digits}`;
    let format = units.get(key);
    if (!format) {
      format = new Intl.NumberFormat(locale, {
        style: "unit",
        unit: name,
        // The short form of a byte has no plural in English.
        unitDisplay: name.startsWith("byte") ? "long" : "short",
        maximumFractionDigits: digits,
      });
      units.set(key, format);
    }
    return format;
  };
  const sized = (value: number, suffix: string) => {
    const bytes = Math.max(0, Number.isFinite(value) ? value : 0);
    let power = 0;
    let shown = bytes;
    while (power < BYTE_UNITS.length - 1 && Math.round(shown * 10) >= 10_000) {
      shown /= 1000;
      power += 1;
    }
    const digits = power === 0 ? 0 : shown < 100 ? 1 : 0;
    return unit(`${BYTE_UNITS[power]}${suffix}`, digits).format(shown);
  };
  const valid = (value: Date, show: (value: Date) => string) => (Number.isNaN(value.getTime()) ? NO_DATE : show(value));
  const midnight = (value: Date) => new Date(value.getFullYear(), value.getMonth(), value.getDate()).getTime();

  return {
    locale,
    number: value => number().format(value),
    percent: value => percent().format(value),
    bytes: value => sized(value, ""),
    rate: value => sized(value, "-per-second"),
    duration: seconds => {
      let left = Math.max(0, Math.round(Number.isFinite(seconds) ? seconds : 0));
      const shown: string[] = [];
      for (const [name, length] of TIME_UNITS) {
        const amount = Math.floor(left / length);
        if (amount === 0 && shown.length === 0 && name !== "second") continue;
        if (amount > 0 || shown.length === 0) shown.push(unit(name, 0).format(amount));
        left -= amount * length;
        if (shown.length === 2 || left === 0) break;
      }
      return shown.join(" ");
    },
    date: value => valid(value, at => date().format(at)),
    time: value => valid(value, at => time().format(at)),
    datetime: value => valid(value, at => datetime().format(at)),
    relative: (value, now = new Date()) =>
      valid(value, at => {
        const seconds = (at.getTime() - now.getTime()) / 1000;
        const [name, length] = DISTANCES.find(([, size]) => Math.abs(seconds) >= size) ?? (["second", 1] as const);
        return relative().format(Math.trunc(seconds / length), name);
      }),
    day: (value, now = new Date()) =>
      valid(value, at => {
        const distance = Math.round((midnight(at) - midnight(now)) / 86_400_000);
        if (distance !== 0 && distance !== -1) return fullDate().format(at);
        const words = relative().format(distance, "day");
        return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1);
      }),
    list: values => list().format(values),
    plural: value => plural().select(value),
    compare: (left, right) => collator().compare(left, right),
  };
}

const made = new Map<string, Formats>();

/** The formatters of a language; one set for each language, made once. */
export function formatsOf(locale: string): Formats {
  let formats = made.get(locale);
  if (!formats) {
    formats = makeFormats(locale);
    made.set(locale, formats);
  }
  return formats;
}
