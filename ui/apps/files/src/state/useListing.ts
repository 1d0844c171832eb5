import type { Os } from "@webx/sdk";
import { useLocale } from "@webx/ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Listing } from "../model/listing";
import { type Place, placeKey, type Sort } from "../model/place";

const QUIET = 150;
const LONGEST = 600;

/**
 * Calls back once things are quiet, and now and then while they are not: after changes in the drive, and after
 * whatever the returned function is told.
 */
export function useChanges(os: Os, changed: () => void): () => void {
  const pending = useRef<{ timer: ReturnType<typeof setTimeout>; first: number }>(undefined);
  const notice = useCallback(() => {
    const now = Date.now();
    const first = pending.current?.first ?? now;
    clearTimeout(pending.current?.timer);
    const run = () => {
      pending.current = undefined;
      changed();
    };
    pending.current = { first, timer: setTimeout(run, Math.max(0, Math.min(QUIET, first + LONGEST - now))) };
  }, [changed]);
  useEffect(() => {
    const stops = [os.files.onChange(notice), os.online.onChange(online => online && notice())];
    return () => {
      clearTimeout(pending.current?.timer);
      for (const stop of stops) stop();
    };
  }, [os, notice]);
  return notice;
}

/** The entries of the place, made anew when place or order change, refreshed with every revision. */
export function useListing(os: Os, place: Place, sort: Sort, revision: number): Listing {
  const { format } = useLocale();
  const key = placeKey(place);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the place
  const listing = useMemo(
    () => new Listing(os, place, sort, format.compare),
    [os, key, sort.key, sort.descending, format],
  );
  useEffect(() => {
    listing.open();
    return () => listing.close();
  }, [listing]);
  const [seen, setSeen] = useState(revision);
  useEffect(() => {
    if (seen === revision) return;
    setSeen(revision);
    listing.refresh();
  }, [listing, revision, seen]);
  return listing;
}
