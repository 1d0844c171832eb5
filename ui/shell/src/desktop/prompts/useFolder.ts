import { type Node, type Problem, toProblem } from "@webx/sdk";
import { useCallback, useEffect, useState } from "react";
import { os } from "../os";

/** The folder that holds all others. */
export const ROOT = "root";

/** As many as a person looks through; whoever has more in one folder searches. */
const LIMIT = 1000;
const PAUSE_MS = 150;

export interface Place {
  id: string;
  name: string;
}

export interface Folder {
  /** From the drive down to where the person is. */
  path: readonly Place[];
  items: readonly Node[];
  total: number;
  loading: boolean;
  problem: Problem | undefined;
  go(folder: Place): void;
  up(): void;
  reload(): void;
}

/** What is in a folder of the drive, or what a search finds in all of it. */
export function useFolder(search: string): Folder {
  const [path, setPath] = useState<readonly Place[]>([]);
  const [state, setState] = useState<{ items: readonly Node[]; total: number; problem?: Problem; loading: boolean }>({
    items: [],
    total: 0,
    loading: true,
  });
  const [round, setRound] = useState(0);
  const here = path.at(-1)?.id ?? ROOT;
  const wanted = search.trim();

  // biome-ignore lint/correctness/useExhaustiveDependencies: each round asks again
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    setState(old => ({ items: old.items, total: old.total, loading: true }));
    const ask = async () => {
      if (!wanted) return os.files.list(here, { sort: "name", limit: LIMIT }, { signal });
      const hits = await os.files.search(wanted, 100, { signal });
      return { items: hits.map(hit => hit.node), total: hits.length };
    };
    const timer = setTimeout(
      () => {
        ask().then(
          ({ items, total }) => !signal.aborted && setState({ items, total, loading: false }),
          (reason: unknown) =>
            !signal.aborted && setState({ items: [], total: 0, loading: false, problem: toProblem(reason) }),
        );
      },
      wanted ? PAUSE_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [here, wanted, round]);

  const go = useCallback((folder: Place) => {
    setPath(path => {
      const at = path.findIndex(each => each.id === folder.id);
      if (folder.id === ROOT) return [];
      return at >= 0 ? path.slice(0, at + 1) : [...path, folder];
    });
  }, []);
  return {
    path,
    ...state,
    problem: state.problem,
    go,
    up: () => setPath(path => path.slice(0, -1)),
    reload: () => setRound(round => round + 1),
  };
}
