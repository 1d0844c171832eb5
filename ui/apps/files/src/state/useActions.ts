import type { Os } from "@webx/sdk";
import { toast } from "@webx/ui";
import { useMemo, useRef, useState } from "react";
import { Actions, type Decision } from "../model/actions";
import type { Work } from "../model/work";
import type { Conflict } from "../panels/ConflictDialog";
import { useT } from "../strings";

/** What the window can do to the drive, and the question it has to ask while doing so. */
export function useActions(
  os: Os,
  show: (work: Work) => void,
  changed: () => void,
): [actions: Actions, conflict: Conflict | undefined] {
  const t = useT();
  const latest = useRef(t);
  latest.current = t;
  const [conflict, setConflict] = useState<Conflict>();
  const actions = useMemo(
    () =>
      new Actions({
        os,
        t: () => latest.current,
        toast,
        show,
        changed,
        askConflict: (names, target, files) =>
          new Promise<Decision | null>(done =>
            setConflict({
              names,
              target,
              files,
              answer: decision => {
                setConflict(undefined);
                done(decision);
              },
            }),
          ),
      }),
    [os, show, changed],
  );
  return [actions, conflict];
}
