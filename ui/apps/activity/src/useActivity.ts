import { type ActivityItem, type Os, type Problem, toProblem, useOs } from "@webx/sdk";
import { useCallback, useEffect, useRef, useState } from "react";
import { merged } from "./model";

const PAGE = 200;
const EXPORT_PAGE = 1000;

export interface History {
  items: readonly ActivityItem[];
  /** Something older waits on the node. */
  more: boolean;
  busy: boolean;
  problem: Problem | undefined;
  /** Fetches the next older page. */
  older(): void;
  reload(): void;
}

/** The log of the node, page by page into the past, and live at its head. */
export function useActivity(): History {
  const os = useOs();
  const [items, setItems] = useState<readonly ActivityItem[]>([]);
  const [next, setNext] = useState<number | null>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const running = useRef(false);

  const fetch = useCallback(
    async (before: number | undefined) => {
      if (running.current) return;
      running.current = true;
      setBusy(true);
      try {
        const page = await os.activity.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
        setItems(known => merged(known, page.items));
        setProblem(undefined);
        // A fresh head does not make us forget how far into the past we are.
        setNext(known => (before === undefined && known !== undefined ? known : (page.next ?? null)));
      } catch (reason) {
        setProblem(toProblem(reason));
      } finally {
        running.current = false;
        setBusy(false);
      }
    },
    [os],
  );

  useEffect(() => {
    void fetch(undefined);
    const stops = [
      os.activity.onChange(item => setItems(known => merged(known, [item]))),
      os.online.onChange(online => {
        if (online) void fetch(undefined);
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [os, fetch]);

  return {
    items,
    more: typeof next === "number",
    busy,
    problem,
    older: () => {
      if (typeof next === "number") void fetch(next);
    },
    reload: () => void fetch(typeof next === "number" && items.length > 0 ? next : undefined),
  };
}

/** Every entry the node still has, oldest first, as a JSON file. */
export async function exported(os: Os): Promise<Blob> {
  const all: ActivityItem[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await os.activity.list({ limit: EXPORT_PAGE, ...(before === undefined ? {} : { before }) });
    all.push(...page.items);
    if (typeof page.next !== "number") break;
    before = page.next;
  }
  return new Blob([`${JSON.stringify(all.reverse(), null, 2)}\n`], { type: "application/json" });
}
