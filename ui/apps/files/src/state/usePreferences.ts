import type { Json, Os } from "@webx/sdk";
import { useCallback, useEffect, useState } from "react";
import type { Sort } from "../model/place";

export interface Preferences {
  layout: "list" | "grid";
  details: boolean;
  sort: Sort;
}

const KEY = "view";
const DEFAULT: Preferences = { layout: "list", details: false, sort: { key: "name", descending: false } };

/** How the person likes to look at folders; kept by the app. */
export function usePreferences(os: Os): [Preferences, (change: Partial<Preferences>) => void] {
  const [preferences, setPreferences] = useState(DEFAULT);
  useEffect(() => {
    os.storage.kv.get(KEY).then(
      kept => {
        if (typeof kept === "object" && kept !== null)
          setPreferences({ ...DEFAULT, ...(kept as Partial<Preferences>) });
      },
      () => {},
    );
  }, [os]);
  const change = useCallback(
    (part: Partial<Preferences>) =>
      setPreferences(old => {
        const next = { ...old, ...part };
        void os.storage.kv.set(KEY, next as unknown as Json).catch(() => {});
        return next;
      }),
    [os],
  );
  return [preferences, change];
}
