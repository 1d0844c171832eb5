import type { Doc } from "@webx/sdk";

export interface Note {
  id: string;
  text: string;
  pinned: boolean;
  /** Milliseconds since 1970. */
  changed: number;
}

/** What a document says, whatever an earlier version of the app wrote into it. */
export function noteOf(doc: Doc): Note {
  const { value } = doc;
  return {
    id: doc.id,
    text: typeof value.text === "string" ? value.text : "",
    pinned: value.pinned === true,
    changed: typeof value.changed === "number" ? value.changed : Date.parse(doc.updatedAt) || 0,
  };
}

/** The first line that says something, without its marks. */
export function titleOf(text: string): string {
  for (const line of text.split("\n")) {
    const title = plain(line);
    if (title !== "") return title.slice(0, 120);
  }
  return "";
}

/** What follows the title, or the place where `search` was found. */
export function snippetOf(text: string, search: string): string {
  const lines = text.split("\n").map(plain).filter(line => line !== "");
  const rest = lines.slice(1);
  if (search !== "") {
    const hit = rest.find(line => fold(line).includes(fold(search)));
    if (hit !== undefined) {
      const at = fold(hit).indexOf(fold(search));
      return at > 30 ? `…${hit.slice(at - 20, at + 100)}` : hit.slice(0, 120);
    }
  }
  return (rest[0] ?? "").slice(0, 120);
}

/** Pinned ones first, then the last changed. */
export function inOrder(notes: Iterable<Note>): Note[] {
  return [...notes].sort(
    (a, b) => Number(b.pinned) - Number(a.pinned) || b.changed - a.changed || a.id.localeCompare(b.id),
  );
}

/** Every word of the search must be in the note. */
export function matches(note: Note, search: string): boolean {
  const text = fold(note.text);
  return fold(search)
    .split(/\s+/)
    .every(word => text.includes(word));
}

export function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}'’-]*/gu)?.length ?? 0;
}

/** A name for the note as a file. */
export function fileName(text: string, otherwise: string): string {
  const name = titleOf(text)
    .replace(/[\p{Cc}/\\:*?"<>|]/gu, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, 60);
  return `${name || otherwise}.md`;
}

function plain(line: string): string {
  return line
    .replace(/^\s*(#{1,3}\s+|[-*]\s+(\[[ xX]\]\s+)?|\d+\.\s+|>\s?)/, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*_`]{1,3}/g, "")
    .trim();
}

/** Small letters without accents, so that “cafe” finds “Café”. */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
