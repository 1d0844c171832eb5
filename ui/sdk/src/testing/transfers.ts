import type { Calls } from "../contract";
import { Problem } from "../problem";
import type { TransferItem, TransfersChange } from "../types";

/** The files that are on their way before a test begins. */
export interface TransfersSeed {
  transfers?: TransferItem[];
}

interface Ends {
  at(): string;
  /** Name and length of a file of the drive. */
  stat(file: string): Promise<{ name: string; size: number }>;
  tell(change: TransfersChange): void;
}

const OPEN: readonly TransferItem["state"][] = ["waiting", "offered", "accepted"];

/** Transfers in memory: what is sent stays offered, what is accepted is there at once. */
export function memoryTransfers(seed: TransfersSeed, { at, stat, tell }: Ends): Calls["transfers"] {
  let all = seed.transfers ?? [];
  let ids = Math.max(0, ...all.map(each => each.id));

  const find = (id: number): TransferItem => {
    const found = all.find(each => each.id === id);
    if (!found) throw new Problem({ code: "not-found", status: 404, title: "There is no such transfer" });
    return found;
  };
  const change = (id: number, next: Partial<TransferItem>) => {
    const before = find(id);
    all = all.map(each => (each === before ? { ...before, ...next, changed: at() } : each));
    tell({ did: before.did });
  };

  return {
    list: async did => all.filter(each => did === undefined || each.did === did),
    send: async (did, file) => {
      const { name, size } = await stat(file);
      ids += 1;
      const item: TransferItem = {
        ...{ id: ids, did, name, size, incoming: false, moved: 0, moving: false, state: "offered", node: file },
        ...{ created: at(), changed: at() },
      };
      all = [item, ...all];
      tell({ did });
      return item;
    },
    accept: async id => {
      const { incoming, size } = find(id);
      if (!incoming) throw new Problem({ code: "decided", status: 409, title: "This is the other side's to accept" });
      change(id, { state: "done", moved: size, moving: false, why: null });
    },
    end: async id => {
      const { did, incoming, state } = find(id);
      if (OPEN.includes(state)) change(id, { state: incoming ? "refused" : "withdrawn", moving: false });
      else {
        all = all.filter(each => each.id !== id);
        tell({ did });
      }
    },
  };
}
