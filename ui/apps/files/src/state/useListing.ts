import type { Os } from "@webx/sdk";
import { useLocale } from "@webx/ui";
import { useEffect, useMemo, useState } from "react";
import { Listing } from "../model/listing";
import { type Place, placeKey, type Sort } from "../model/place";

const QUIET = 150;
const LONGEST = 600;

/** Calls back once things are quiet, and now and then while they are not. */
export function useChanges(os: Os, changed: () => void): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let first = 0;
    const run = () => {
      timer = undefined;
      first = 0;
      changed();
    };
    const notice = () => {
      const now = Date.now();
      if (timer === undefined) first = now;
      else clearTimeout(timer);
      timer = setTimeout(run, Math.max(0, Math.min(QUIET, first + LONGEST - now)));
    };
    const stops = [os.files.onChange(notice), os.online.onChange(online => online && notice())];
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [os, changed]);
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
