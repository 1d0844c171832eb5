import { useSyncExternalStore } from "react";

/** Up to this width, or on a phone held sideways, there is one window at a time. */
const query = matchMedia("(max-width: 640px), (max-height: 480px) and (pointer: coarse)");

export const isPhone = (): boolean => query.matches;

export function usePhone(): boolean {
  return useSyncExternalStore(
    tell => {
      query.addEventListener("change", tell);
      return () => query.removeEventListener("change", tell);
    },
    () => query.matches,
  );
}
