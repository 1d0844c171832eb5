/** A combination that belongs to the desktop, told by the place of the key. */
export interface Shortcut {
  code: string;
  ctrl?: boolean;
  alt?: boolean;
  shift?: boolean;
  /** Left to a text field that has the keyboard. */
  notInText?: boolean;
  /** Begins what further keys steer: those belong to the desktop too. */
  takesKeys?: boolean;
}

/** What the desktop is told of a key. */
export interface KeyHint {
  hint: "key";
  type: "keydown" | "keyup";
  key: string;
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

const HELD = new Set(["Alt", "Control", "Meta"]);

/** Until the desktop has taken the keyboard; after this many milliseconds the app has its keys again, whatever happens. */
const TAKING = 500;

const inText = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("input, textarea, [contenteditable=true]") !== null;

function shortcutOf(event: KeyboardEvent, shortcuts: readonly Shortcut[]): Shortcut | undefined {
  return shortcuts.find(
    each =>
      each.code === event.code &&
      Boolean(each.ctrl) === (event.ctrlKey || event.metaKey) &&
      Boolean(each.alt) === event.altKey &&
      Boolean(each.shift) === event.shiftKey &&
      !(each.notInText && inText(event.target)),
  );
}

/**
 * Hands the desktop its keys. This listener is the first of the page, so no app can keep a person in its window; all
 * other keys stay with the app and are told to nobody.
 */
export function forwardKeys(shortcuts: () => readonly Shortcut[], tell: (hint: KeyHint) => void): void {
  const root = document.documentElement;
  // The desktop takes the keyboard a moment after it is told; keys pressed in between are for it.
  let takenUntil = 0;
  addEventListener("blur", () => {
    takenUntil = 0;
  });
  const hint = (type: KeyHint["type"], { key, code, altKey, ctrlKey, metaKey, shiftKey }: KeyboardEvent) =>
    tell({ hint: "key", type, key, code, altKey, ctrlKey, metaKey, shiftKey });
  addEventListener(
    "keydown",
    event => {
      root.dataset.input = "keyboard";
      const shortcut = shortcutOf(event, shortcuts());
      const ours = shortcut !== undefined || event.timeStamp < takenUntil;
      if (shortcut?.takesKeys) takenUntil = event.timeStamp + TAKING;
      else if (event.key === "Enter" || event.key === "Escape") takenUntil = 0;
      if (!ours && !HELD.has(event.key)) return;
      hint("keydown", event);
      if (!ours) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
  addEventListener("keyup", event => HELD.has(event.key) && hint("keyup", event), true);
  addEventListener(
    "pointerdown",
    () => {
      root.dataset.input = "pointer";
    },
    true,
  );
}
