import type { ActivityItem } from "@webx/sdk";

/** The part of the node an entry is about: what stands before the dot of its kind. */
export const AREAS = [
  "drive",
  "vault",
  "identity",
  "credential",
  "session",
  "door",
  "settings",
  "app",
  "node",
] as const;
export type Area = (typeof AREAS)[number];

export function areaOf(kind: string): Area | "other" {
  const [head] = kind.split(".");
  return AREAS.find(area => area === head) ?? "other";
}

export interface Filter {
  area: Area | "all";
  /** Only warnings and errors. */
  troubleOnly: boolean;
  search: string;
}

export const NO_FILTER: Filter = { area: "all", troubleOnly: false, search: "" };

export function isFiltered(filter: Filter): boolean {
  return filter.area !== "all" || filter.troubleOnly || filter.search.trim() !== "";
}

/** Keeps what the filter lets through. Every word of the search must stand somewhere in the entry. */
export function filtered(
  items: readonly ActivityItem[],
  filter: Filter,
  label: (kind: string) => string,
): ActivityItem[] {
  const words = filter.search.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  return items.filter(item => {
    if (filter.area !== "all" && areaOf(item.kind) !== filter.area) return false;
    if (filter.troubleOnly && item.level === "info") return false;
    if (words.length === 0) return true;
    const text = `${item.subject} ${item.kind} ${label(item.kind)} ${JSON.stringify(item.detail)}`.toLocaleLowerCase();
    return words.every(word => text.includes(word));
  });
}

export interface Day {
  /** The first moment of the day, in the person's own time. */
  start: number;
  items: ActivityItem[];
}

/** Entries by day; the order of the entries stays. */
export function byDay(items: readonly ActivityItem[]): Day[] {
  const days: Day[] = [];
  for (const item of items) {
    const at = new Date(item.at);
    const start = new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
    const last = days.at(-1);
    if (last?.start === start) last.items.push(item);
    else days.push({ start, items: [item] });
  }
  return days;
}

/** Joins entries from pages and from live events: each once, the newest first. */
export function merged(known: readonly ActivityItem[], more: readonly ActivityItem[]): ActivityItem[] {
  const all = new Map(known.map(item => [item.id, item]));
  for (const item of more) all.set(item.id, item);
  return [...all.values()].sort((left, right) => right.id - left.id);
}
