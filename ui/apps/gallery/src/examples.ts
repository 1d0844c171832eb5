import type { ComponentType } from "react";

/** In this order they are shown; the name is that of the file in `examples/`. */
export const GROUPS = {
  basics: ["Colours", "Icons", "Languages", "Wallpapers"],
  actions: ["Buttons", "Menus", "Toolbars"],
  fields: ["TextFields", "Selects", "Choices", "Passphrase"],
  panels: ["Dialogs", "TabPages", "Panels"],
  data: ["Lists", "DragAndDrop", "Tables", "Facts", "QrCodes", "Badges"],
  feedback: ["States", "Notices", "Progress", "Toasts"],
} as const;
export type Group = keyof typeof GROUPS;
export type ExampleName = (typeof GROUPS)[Group][number];

const parts = import.meta.glob<{ default: ComponentType }>("./examples/*.tsx", { eager: true });
const sources = import.meta.glob<string>("./examples/*.tsx", { eager: true, query: "?raw", import: "default" });

/** An example as it runs, and the very same as text: what is shown is what is copied. */
export function exampleOf(name: ExampleName): { Example: ComponentType; code: string } {
  const path = `./examples/${name}.tsx`;
  const part = parts[path];
  if (part === undefined) throw new Error(`there is no example ${name}`);
  return { Example: part.default, code: (sources[path] ?? "").trim() };
}
