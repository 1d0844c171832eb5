import { type AppUpdate, type Loaded, type StorePackage, useLoad, useOs } from "@webx/sdk";
import { useEffect } from "react";

/** Asks again when an app came or went: what is installed is part of every offer. */
function useFollowing<T>(loaded: Loaded<T>): Loaded<T> {
  const os = useOs();
  const { reload } = loaded;
  useEffect(() => os.apps.onChange(event => event.op !== "data" && event.op !== "backend" && reload()), [os, reload]);
  return loaded;
}

/** What the stores offer, by words and category. */
export function useCatalogue(q: string, category: string | undefined): Loaded<StorePackage[]> {
  const os = useOs();
  const query = { ...(q === "" ? {} : { q }), ...(category === undefined ? {} : { category }) };
  return useFollowing(useLoad(`search ${q} ${category}`, signal => os.store.search(query, { signal })));
}

/** Newer versions of what is installed. */
export function useUpdates(): Loaded<AppUpdate[]> {
  const os = useOs();
  return useFollowing(useLoad("updates", () => os.store.updates()));
}

/** Everything one store says about one app. */
export function useOffer(store: string, app: string) {
  const os = useOs();
  return useFollowing(useLoad(`offer ${store} ${app}`, () => os.store.get(store, app)));
}
