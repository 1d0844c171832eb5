import { useWm } from "./wm/store";

/** F6 goes round: top bar, windows, dock. */
const ORDER = ["bar", "windows", "dock"];

export function nextRegion(): void {
  const here = document.activeElement?.closest<HTMLElement>("[data-region]")?.dataset.region ?? "dock";
  const next = ORDER[(ORDER.indexOf(here) + 1) % ORDER.length];
  const region = document.querySelector<HTMLElement>(`[data-region="${next}"]`);
  const { focus } = useWm.getState();
  const target =
    next === "windows" && focus
      ? document.querySelector<HTMLElement>(`[data-window="${focus}"]`)
      : (region?.querySelector<HTMLElement>("button:not([tabindex='-1']):not(:disabled)") ?? region);
  target?.focus({ preventScroll: true });
}
