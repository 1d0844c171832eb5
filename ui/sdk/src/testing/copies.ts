import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { CopiesView, CopyRound, RestoredDrive } from "../types";

/** How the copies stand before a test begins. */
export interface CopiesSeed {
  view?: Partial<CopiesView>;
  /** What a round finds. */
  round?: Partial<CopyRound>;
  /** What a restoration brings; without it no contact has a copy. */
  restored?: RestoredDrive;
}

const NOTHING: CopyRound = {
  ...{ hosts: 0, blocks: 0, copied: 0, bytes: 0, lacking: 0 },
  ...{ nowhere: 0, proved: 0, failed: 0, dropped: 0 },
};

/** Copies in memory: what is given is given, and a round finds what the test says. */
export function memoryCopies(seed: CopiesSeed): Calls["copies"] {
  let view: CopiesView = { wanted: 3, agreements: [], ...seed.view };
  return {
    view: async () => view,
    give: async (did, bytes) => {
      const none = { did, given: 0, givenUsed: 0, taken: 0, takenUsed: 0, blocks: 0, proved: 0, failed: 0 };
      const before = view.agreements.find(each => each.did === did) ?? none;
      const others = view.agreements.filter(each => each.did !== did);
      view = { ...view, agreements: [...others, { ...before, given: bytes }] };
      return view;
    },
    now: async () => {
      const last = { ...NOTHING, ...seed.round };
      view = { ...view, last };
      return last;
    },
    restore: async () => {
      if (seed.restored) return seed.restored;
      throw new Problem({ code: "not-found", status: 404, title: "No contact keeps a copy" });
    },
  };
}
