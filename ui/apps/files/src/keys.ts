import type { KeyboardEvent } from "react";
import type { Commands } from "./menus";
import type { Place } from "./model/place";

/** Keys about the selected entries. Returns whether the key was one. */
export function selectionKey(event: KeyboardEvent, place: Place, count: number, commands: Commands): boolean {
  const control = event.ctrlKey || event.metaKey;
  const letter = event.key.toLowerCase();
  const { kind } = place;
  const editable = kind === "folder" || kind === "search";
  if (event.key === "F2" && count === 1 && editable) commands.rename();
  else if (event.key === "Delete" && count > 0 && kind === "trash") commands.purge();
  else if (event.key === "Delete" && count > 0 && editable) commands.trash();
  else if (control && letter === "c" && count > 0 && editable) commands.copy();
  else if (control && letter === "x" && count > 0 && editable) commands.cut();
  else if (control && letter === "v" && kind === "folder") commands.paste();
  else if (control && letter === "d" && count > 0 && editable) commands.duplicate();
  else if (event.altKey && event.key === "Enter") commands.details();
  else return false;
  return true;
}

/** What the window as a whole can do by a key. */
export interface WindowKeys {
  step: (by: 1 | -1) => void;
  up: () => void;
  search: () => void;
  typePath: () => void;
  newFolder: () => void;
  undo: () => void;
}

/** Keys of the window, wherever the focus is. Returns whether the key was one. */
export function windowKey(event: globalThis.KeyboardEvent, rtl: boolean, inFolder: boolean, keys: WindowKeys): boolean {
  const typing = event.target instanceof Element && event.target.closest("input, textarea") !== null;
  const control = event.ctrlKey || event.metaKey;
  const letter = event.key.toLowerCase();
  const [back, forward] = rtl ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
  if (event.altKey && event.key === back) keys.step(-1);
  else if (event.altKey && event.key === forward) keys.step(1);
  else if (event.altKey && event.key === "ArrowUp") keys.up();
  else if (control && letter === "f") keys.search();
  else if (control && letter === "l" && inFolder) keys.typePath();
  else if (typing) return false;
  else if (event.key === "Backspace") keys.up();
  else if (event.key === "F7" && inFolder) keys.newFolder();
  else if (control && letter === "z" && !event.shiftKey) keys.undo();
  else return false;
  return true;
}
