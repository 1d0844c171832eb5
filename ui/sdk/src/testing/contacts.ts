import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { ContactDetail, ContactItem, ContactsChange } from "../types";

/** The people who are known before a test begins. */
export interface ContactsSeed {
  contacts?: ContactDetail[];
}

interface Ends {
  at(afterMs?: number): string;
  did(): string;
  tell(change: ContactsChange): void;
}

const CARD = "webx:contact:";
const YEAR_MS = 365 * 24 * 3600e3;
const digits = (text: string) => text.replaceAll(/\s/g, "");

/** Contacts in memory. A card is `webx:contact:` and any letters; they become the DID. */
export function memoryContacts(seed: ContactsSeed, { at, did, tell }: Ends): Calls["contacts"] {
  let all = seed.contacts ?? [];

  const find = (who: string): ContactDetail => {
    const found = all.find(each => each.contact.did === who);
    if (!found) throw new Problem({ code: "not-found", status: 404, title: "There is no such contact" });
    return found;
  };
  const change = (who: string, next: Partial<ContactItem>, more: Partial<ContactDetail> = {}): ContactItem => {
    const before = find(who);
    const after = { ...before, ...more, contact: { ...before.contact, ...next } };
    all = all.map(each => (each === before ? after : each));
    tell({ did: who });
    return after.contact;
  };
  /** The number that was looked at must be the one of now. */
  const settle = (who: string, seen: string, next: Partial<ContactItem>): ContactItem => {
    const { safetyNumber, changes } = find(who);
    if (!safetyNumber) throw new Problem({ code: "never-met", status: 409, title: "This contact was never met" });
    if (digits(seen) !== digits(safetyNumber))
      throw new Problem({ code: "other-number", status: 409, title: "The safety number is another one by now" });
    const accepted = changes.map(each => ({ ...each, accepted: each.accepted ?? at() }));
    return change(who, next, { changes: accepted, previousNumber: null });
  };
  const whoIs = (text: string): string => {
    if (text.startsWith("did:")) return text;
    if (text.toLowerCase().startsWith(CARD)) return `did:key:z${text.slice(CARD.length).toLowerCase()}`;
    throw new Problem({ code: "bad-did", status: 400, title: "This is neither a DID nor a card" });
  };

  return {
    list: async ({ offset = 0, limit = 1000 } = {}) =>
      all
        .map(each => each.contact)
        .sort((a, b) => a.name.localeCompare(b.name))
        .slice(offset, offset + limit),
    get: async who => find(who),
    card: async () => ({ did: did(), card: `${CARD}memory`, expires: at(YEAR_MS) }),
    add: async ({ text, name, inPerson = false }) => {
      const who = whoIs(text.trim());
      if (who === did()) throw new Problem({ code: "myself", status: 409, title: "This is you" });
      if (all.some(each => each.contact.did === who))
        throw new Problem({ code: "known", status: 409, title: "This contact is there already" });
      const contact: ContactItem = {
        ...{ did: who, name: name ?? "Memory", note: "", trust: "new", devices: [], added: at() },
        ...{ origin: who === text.trim() ? "did" : inPerson ? "inPerson" : "link", verified: null, met: null },
      };
      all = [...all, { contact, safetyNumber: null, changes: [] }];
      tell({ did: who });
      return contact;
    },
    rename: async (who, name) => change(who, { name }),
    note: async (who, text) => change(who, { note: text }),
    block: async (who, blocked) => {
      const { contact } = find(who);
      return change(who, { trust: blocked ? "blocked" : contact.verified ? "verified" : "new" });
    },
    remove: async who => {
      find(who);
      all = all.filter(each => each.contact.did !== who);
      tell({ did: who });
    },
    verify: async (who, seen) => settle(who, seen, { trust: "verified", verified: at() }),
    accept: async (who, seen) => settle(who, seen, { trust: "new", verified: null }),
  };
}
