import type { Doc, Json } from "@webx/sdk";

export const COLOURS = ["none", "red", "orange", "green", "blue"] as const;
export type Colour = (typeof COLOURS)[number];

export interface Column {
  id: string;
  title: string;
  order: number;
}

export interface Card {
  id: string;
  column: string;
  title: string;
  text: string;
  colour: Colour;
  order: number;
}

const text = (value: Json | undefined) => (typeof value === "string" ? value : "");
const number = (value: Json | undefined) => (typeof value === "number" && Number.isFinite(value) ? value : 0);

export function columnOf(doc: Doc): Column {
  const { value } = doc;
  return { id: doc.id, title: text(value.title), order: number(value.order) };
}

export function cardOf(doc: Doc): Card {
  const { value } = doc;
  const colour = COLOURS.find(one => one === value.colour) ?? "none";
  const { id } = doc;
  return { id, column: text(value.column), title: text(value.title), text: text(value.text), colour, order: number(value.order) };
}

export function inOrder<T extends { id: string; order: number }>(all: Iterable<T>): T[] {
  return [...all].sort((a, b) => a.order - b.order || a.id.localeCompare(b.id));
}

/** A place for `count` things between two neighbours: numbers with room between them. */
export function ordersBetween(before: number | undefined, after: number | undefined, count: number): number[] {
  const from = before ?? (after ?? 1) - 1;
  const to = after ?? from + 1;
  return Array.from({ length: count }, (_, index) => from + ((to - from) * (index + 1)) / (count + 1));
}

export interface Drop {
  /** The card beside which it lands; none: at the end of the column. */
  key?: string;
  side: "before" | "after";
}

/** The cards `ids` moved into `column`, at the drop. Only these change. */
export function moved(cards: readonly Card[], ids: readonly string[], column: string, drop: Drop): Card[] {
  const going = ids.flatMap(id => cards.find(card => card.id === id) ?? []);
  const rest = inOrder(cards.filter(card => card.column === column && !ids.includes(card.id)));
  const at = rest.findIndex(card => card.id === drop.key);
  const next = at < 0 ? rest.length : drop.side === "before" ? at : at + 1;
  const orders = ordersBetween(rest[next - 1]?.order, rest[next]?.order, going.length);
  return going.map((card, index) => ({ ...card, column, order: orders[index] ?? card.order }));
}

export function newId(): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  return `${Date.now().toString(36)}-${[...random].map(part => part.toString(36)).join("")}`;
}
