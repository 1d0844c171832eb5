import type { ContactItem } from "@webx/sdk";

/** The contacts that have every word of a search in name, note or DID; those whose number changed stand first. */
export function found(contacts: readonly ContactItem[], search: string): ContactItem[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return contacts
    .filter(({ name, note, did }) => {
      const text = `${name}\n${note}\n${did}`.toLocaleLowerCase();
      return words.every(word => text.includes(word));
    })
    .toSorted((a, b) => Number(b.trust === "changed") - Number(a.trust === "changed"));
}

/** A safety number in its twelve groups of five. */
export const groupsOf = (number: string): string[] => number.replaceAll(/\D/g, "").match(/\d{1,5}/g) ?? [];

/** Enough of an id to know it again. */
export const shortId = (id: string): string => (id.length > 20 ? `${id.slice(0, 12)}…${id.slice(-5)}` : id);

/** Whether a text is a card rather than a DID. */
export const isCard = (text: string): boolean => /^webx:contact:/i.test(text.trim());

/** Bytes that a text in gigabytes means; nothing for what is no amount, or more than a node could keep. */
export function gigabytes(text: string): number | undefined {
  const clean = text.trim().replace(",", ".");
  const amount = Number(clean);
  return clean !== "" && Number.isFinite(amount) && amount >= 0 && amount <= 1e6 ? Math.round(amount * 1e9) : undefined;
}
