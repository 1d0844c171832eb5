/** The settings of QNet as a person types them, and back. Whatever is typed is checked here before the node sees it. */
import type { NetworkRates, NetworkSettings } from "@webx/sdk";

/** What is wrong with a field, as a key of the catalogue. */
export type Wrong = "wrongNumber" | "wrongRange" | "wrongAddress" | "wrongHours" | "wrongResort";

export const RATES = ["up", "down", "peerUp", "peerDown"] as const satisfies readonly (keyof NetworkRates)[];
export type Rate = (typeof RATES)[number];

/** A form: numbers are what stands in the field. Rates are kB a second, nothing is unlimited. */
export interface Form {
  neighbours: string;
  guests: string;
  /** MB a day. */
  budget: string;
  lookUp: boolean;
  exchange: boolean;
  lanDiscovery: boolean;
  metered: "system" | "yes" | "no";
  always: boolean;
  from: number;
  to: number;
  rates: Readonly<Record<Rate, string>>;
  meteredRates: Readonly<Record<Rate, string>>;
  relay: boolean;
  port: string;
  address: string;
  clients: string;
  rate: string;
  /** An entry a line. */
  resort: string;
}

export type Field = Exclude<keyof Form, "rates" | "meteredRates"> | `rates.${Rate}` | `meteredRates.${Rate}`;
export type Problems = Partial<Record<Field, Wrong>>;

const KB = 1000;
const MB = 1_000_000;
/** An IPv4 address, or an IPv6 address in brackets, and a port. The node looks closer. */
const PUBLIC = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]{2,45}\]):[1-9]\d{0,4}$/i;
/** A node's id, a name or an address, a port. The node looks closer. */
const RESORT = /^[a-z2-7]{52}@([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]):[1-9]\d{0,4}$/i;
const MOST_RESORTS = 8;
const EASTERN_ZERO = "٠".charCodeAt(0);

/** A number as people write it: Arabic digits, a comma or a point. `undefined` when it is none. */
export function numberOf(text: string): number | undefined {
  const plain = text
    .trim()
    .replaceAll(/[٠-٩]/g, digit => String(digit.charCodeAt(0) - EASTERN_ZERO))
    .replace(/[,٫]/, ".");
  return /^\d+(\.\d+)?$/.test(plain) ? Number(plain) : undefined;
}

const shown = (value: number | null | undefined, unit: number): string => (value == null ? "" : String(value / unit));
const ratesOf = (rates: NetworkRates): Record<Rate, string> => ({
  up: shown(rates.up, KB),
  down: shown(rates.down, KB),
  peerUp: shown(rates.peerUp, KB),
  peerDown: shown(rates.peerDown, KB),
});

export function formOf(settings: NetworkSettings): Form {
  const { metered, hours, relay } = settings;
  return {
    neighbours: String(settings.neighbours),
    guests: String(settings.guests),
    budget: shown(settings.controlBudget, MB),
    lookUp: settings.lookUp,
    exchange: settings.exchange,
    lanDiscovery: settings.lanDiscovery ?? false,
    metered: metered == null ? "system" : metered ? "yes" : "no",
    always: hours == null,
    from: hours?.from ?? 20,
    to: hours?.to ?? 6,
    rates: ratesOf(settings.rates),
    meteredRates: ratesOf(settings.meteredRates),
    relay: relay != null,
    port: String(relay?.port ?? 443),
    address: relay?.public ?? "",
    clients: String(relay?.clients ?? 64),
    rate: shown(relay?.rate ?? 128 * KB, KB),
    resort: (settings.lastResort ?? []).join("\n"),
  };
}

/** The settings that a form asks for, or what is wrong with it. */
export function settingsOf(form: Form): { settings: NetworkSettings } | { problems: Problems } {
  const problems: Problems = {};
  const number = (field: Field, text: string, least: number, most: number, unit = 1): number => {
    const value = numberOf(text);
    if (value === undefined) {
      problems[field] = "wrongNumber";
      return least;
    }
    const whole = Math.round(value * unit);
    if (whole < least || whole > most) problems[field] = "wrongRange";
    return whole;
  };
  const rates = (which: "rates" | "meteredRates"): NetworkRates =>
    Object.fromEntries(
      RATES.map(rate => {
        const text = form[which][rate];
        return [rate, text.trim() === "" ? null : number(`${which}.${rate}`, text, 1024, 2 ** 40, KB)];
      }),
    );
  const resorts = form.resort
    .split("\n")
    .map(line => line.trim())
    .filter(line => line !== "");
  const settings: NetworkSettings = {
    neighbours: number("neighbours", form.neighbours, 3, 64),
    guests: number("guests", form.guests, 0, 1024),
    controlBudget: number("budget", form.budget, MB, 10_000 * MB, MB),
    lookUp: form.lookUp,
    exchange: form.exchange,
    lanDiscovery: form.lanDiscovery,
    metered: form.metered === "system" ? null : form.metered === "yes",
    hours: form.always ? null : { from: form.from, to: form.to },
    rates: rates("rates"),
    meteredRates: rates("meteredRates"),
    relay: form.relay
      ? {
          port: number("port", form.port, 1, 65_535),
          public: form.address.trim(),
          clients: number("clients", form.clients, 1, 4096),
          rate: number("rate", form.rate, 16 * 1024, 2 ** 32 - 1, KB),
        }
      : null,
    lastResort: resorts,
  };
  const told = new Set(resorts).size === resorts.length && resorts.length <= MOST_RESORTS;
  if (!told || !resorts.every(line => RESORT.test(line))) problems.resort = "wrongResort";
  if (!form.always && form.from === form.to) problems.to = "wrongHours";
  if (form.relay && !PUBLIC.test(form.address.trim())) problems.address = "wrongAddress";
  return Object.keys(problems).length > 0 ? { problems } : { settings };
}
