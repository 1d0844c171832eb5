import type { Theme } from "@webx/sdk";

/** How the desktop looks now, as it is pushed to every frame. */
export type Look = Theme & { accent?: string };

/** The tokens of the kit hang on these three attributes. */
export function applyLook({ name, reduceMotion, accent }: Look): void {
  const { dataset } = document.documentElement;
  dataset.theme = name;
  if (accent !== undefined) dataset.accent = accent;
  if (reduceMotion) dataset.motion = "reduce";
  else delete dataset.motion;
}
