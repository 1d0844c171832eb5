import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { GuardiansView, HelpView, WardItem } from "../types";

/** The person's guardians and wards before a test begins. */
export interface GuardiansSeed {
  view?: Partial<GuardiansView>;
  wards?: WardItem[];
  /** The device that comes when a code is shown; none when left out. */
  asks?: { name: string; digits: string };
  /** The words that are right. */
  words?: string;
}

/** Guardians in memory: whoever is appointed has his share at once. */
export function memoryGuardians(
  seed: GuardiansSeed,
  { at, name }: { at(afterMs?: number): string; name(did: string): string | undefined },
): Calls["guardians"] {
  let view: GuardiansView = { guardians: [], wards: seed.wards ?? [], ...seed.view };
  let help: HelpView = { state: "none" };
  const found = (there: boolean) => {
    if (!there) throw new Problem({ code: "not-found", status: 404, title: "There is nobody like that" });
  };
  return {
    get: async () => view,
    appoint: async (words, threshold, people) => {
      if (words !== (seed.words ?? words))
        throw new Problem({ code: "wrong-words", status: 422, title: "These are not the words of this identity" });
      const guardians = people.map(did => ({ did, name: name(did) ?? null, state: "kept" as const, proved: at() }));
      view = { ...view, threshold, made: at(), guardians };
      return view;
    },
    check: async () => view,
    release: async did => {
      found(view.guardians.some(each => each.did === did));
      view = { ...view, guardians: view.guardians.filter(each => each.did !== did) };
    },
    resign: async did => {
      found(view.wards.some(each => each.did === did));
      view = { ...view, wards: view.wards.filter(each => each.did !== did) };
    },
    help: async did => {
      const expires = at(600_000);
      help = seed.asks ? { did, state: "asked", ...seed.asks, expires } : { did, state: "open", expires };
      return { code: `webx:recover?${"x".repeat(300)}`, expires, reach: "any" };
    },
    helping: async () => help,
    giveBack: async digits => {
      if (help.state !== "asked" || help.digits !== digits)
        throw new Problem({ code: "other-digits", status: 409, title: "Other digits" });
      help = { ...help, state: "done" };
    },
    withdraw: async () => {
      help = { state: "none" };
    },
  };
}
