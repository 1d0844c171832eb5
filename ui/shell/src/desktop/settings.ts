import type { Settings } from "@webx/sdk";
import { toast } from "@webx/ui";
import { create, type StoreApi, type UseBoundStore } from "zustand";
import { appearanceFrom } from "../appearance";
import { os } from "./os";

/** The person's settings as the desktop last heard of them. */
export const useSettings: UseBoundStore<StoreApi<Settings>> = create<Settings>(() => ({}));

function take(settings: Settings): void {
  useSettings.setState(settings, true);
  appearanceFrom(settings);
}

/** Shows a change at once and keeps it; takes it back when the node refuses. */
export async function changeSettings(change: Partial<Settings>, failed: string): Promise<void> {
  const before = useSettings.getState();
  take({ ...before, ...change });
  try {
    take(await os.settings.patch(change));
  } catch {
    take(before);
    toast({ level: "error", title: failed });
  }
}

/** Loads the settings and follows them. Returns the way to stop. */
export function followSettings(): () => void {
  os.settings.get().then(take, () => undefined);
  return os.settings.onChange(take);
}
