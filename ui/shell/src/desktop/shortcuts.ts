import { showPanel, togglePanel, usePanel } from "./panels";
import { dispatch, endMode, startMode, stepMode, useGesture, useWm } from "./wm/store";

/**
 * Keys of the desktop. Browsers and operating systems keep most combinations with Ctrl, Alt, Meta and the function keys
 * for themselves; Alt+Shift with a letter or an arrow, Alt+Q and Ctrl+K are free in Chrome, Edge, Firefox and Safari.
 * Keys are told by their place (`code`), so the layout of the keyboard does not matter.
 */
export type Command =
  | "launcher"
  | "switcher"
  | "close"
  | "minimise"
  | "maximise"
  | "move"
  | "resize"
  | "windowMenu"
  | "left"
  | "right"
  | "up"
  | "down"
  | "tile"
  | "cascade"
  | "showDesktop"
  | "nextDesktop"
  | "previousDesktop"
  | "newDesktop"
  | "removeDesktop"
  | "sendNext"
  | "sendPrevious"
  | "notifications"
  | "lock"
  | "regions"
  | "shortcuts";

interface Binding {
  command: Command;
  code: string;
  ctrl?: true;
  alt?: true;
  shift?: true;
  /** Shown to the person. */
  keys: string;
  /** Leave the keys to a text field that has the focus. */
  notInText?: true;
  /** The keys that follow steer what this begins. */
  takesKeys?: true;
}

const altShift = (
  command: Command,
  code: string,
  key: string,
  more: Pick<Binding, "notInText" | "takesKeys"> = {},
): Binding => ({
  command,
  code,
  alt: true,
  shift: true,
  keys: `Alt+Shift+${key}`,
  ...more,
});

export const BINDINGS: readonly Binding[] = [
  { command: "launcher", code: "KeyK", ctrl: true, keys: "Ctrl+K" },
  { command: "switcher", code: "KeyQ", alt: true, keys: "Alt+Q" },
  altShift("close", "KeyW", "W"),
  altShift("minimise", "KeyM", "M"),
  altShift("maximise", "KeyF", "F"),
  altShift("move", "KeyV", "V", { takesKeys: true }),
  altShift("resize", "KeyR", "R", { takesKeys: true }),
  altShift("windowMenu", "KeyU", "U"),
  altShift("left", "ArrowLeft", "←", { notInText: true }),
  altShift("right", "ArrowRight", "→", { notInText: true }),
  altShift("up", "ArrowUp", "↑", { notInText: true }),
  altShift("down", "ArrowDown", "↓", { notInText: true }),
  altShift("tile", "KeyG", "G"),
  altShift("cascade", "KeyC", "C"),
  altShift("showDesktop", "KeyD", "D"),
  altShift("previousDesktop", "PageUp", "PgUp"),
  altShift("nextDesktop", "PageDown", "PgDn"),
  altShift("sendPrevious", "Home", "Home", { notInText: true }),
  altShift("sendNext", "End", "End", { notInText: true }),
  altShift("newDesktop", "KeyN", "N"),
  altShift("removeDesktop", "KeyX", "X"),
  altShift("notifications", "KeyO", "O"),
  altShift("lock", "KeyL", "L"),
  altShift("shortcuts", "KeyS", "S"),
  { command: "regions", code: "F6", keys: "F6" },
];

const apple = /Mac|iPhone|iPad/.test(navigator.platform);

/** The keys of a command as this machine writes them. */
export function keysOf(command: Command): string {
  const keys = BINDINGS.find(each => each.command === command)?.keys ?? "";
  return apple ? keys.replace("Ctrl+", "⌘").replace("Alt+", "⌥").replace("Shift+", "⇧") : keys;
}

export function commandOf(event: KeyboardEvent): Binding | undefined {
  const ctrl = event.ctrlKey || (apple && event.metaKey);
  return BINDINGS.find(
    each =>
      each.code === event.code &&
      Boolean(each.ctrl) === ctrl &&
      Boolean(each.alt) === event.altKey &&
      Boolean(each.shift) === event.shiftKey,
  );
}

const inText = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.closest("input, textarea, [contenteditable=true]") !== null;

function neighbour(step: 1 | -1): string | undefined {
  const { spaces, current } = useWm.getState();
  return spaces[(spaces.indexOf(current) + step + spaces.length) % spaces.length];
}

/** What commands need from the desktop. */
interface Desktop {
  lock(): void;
  nextRegion(): void;
}

/** Does what a command says. `lock` and the regions are the desktop's business. */
export function runCommand(command: Command, desktop: Desktop): void {
  switch (command) {
    case "launcher":
    case "notifications":
    case "shortcuts":
      togglePanel(command);
      break;
    case "switcher":
      showPanel("switcher");
      break;
    case "tile":
    case "cascade":
    case "showDesktop":
      dispatch({ type: command });
      break;
    case "newDesktop":
      dispatch({ type: "addSpace" });
      break;
    case "removeDesktop":
      dispatch({ type: "removeSpace", space: useWm.getState().current });
      break;
    case "nextDesktop":
    case "previousDesktop":
    case "sendNext":
    case "sendPrevious":
      changeSpace(command);
      break;
    case "lock":
      desktop.lock();
      break;
    case "regions":
      desktop.nextRegion();
      break;
    default:
      windowCommand(command);
  }
}

function changeSpace(command: "nextDesktop" | "previousDesktop" | "sendNext" | "sendPrevious"): void {
  const space = neighbour(command === "nextDesktop" || command === "sendNext" ? 1 : -1);
  if (space === undefined) return;
  const { focus: id } = useWm.getState();
  if (command === "nextDesktop" || command === "previousDesktop") dispatch({ type: "switchSpace", space });
  else if (id) dispatch({ type: "sendTo", id, space, follow: true });
}

type WindowCommand =
  | "close"
  | "minimise"
  | "maximise"
  | "move"
  | "resize"
  | "windowMenu"
  | "left"
  | "right"
  | "up"
  | "down";

function windowCommand(command: WindowCommand): void {
  const { focus: id } = useWm.getState();
  if (!id) return;
  switch (command) {
    case "close":
    case "minimise":
    case "maximise":
      dispatch({ type: command, id });
      break;
    case "move":
    case "resize":
      startMode(id, command);
      // The arrows are the desktop's now, also when an app had the keyboard.
      document.querySelector<HTMLElement>(`[data-window="${id}"]`)?.focus({ preventScroll: true });
      break;
    case "windowMenu":
      document.querySelector<HTMLElement>(`[data-window="${id}"] [data-window-menu]`)?.click();
      break;
    default:
      dispatch({ type: "towards", id, direction: command });
  }
}

const STEP: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The keyboard goes back to the app that had it. */
function giveBack(): void {
  const { focus: id } = useWm.getState();
  document
    .querySelector<HTMLElement>(`[data-window="${id}"] iframe.app-frame:not([hidden], [data-condition=booting])`)
    ?.focus();
}

/** Keys while a window is moved or resized: arrows (with Shift far, with Ctrl by a pixel), Enter keeps, Escape takes back. */
function modeKey(event: KeyboardEvent): boolean {
  const step = STEP[event.key];
  if (step) stepMode(...(step.map(n => n * (event.ctrlKey ? 1 : event.shiftKey ? 80 : 20)) as [number, number]));
  else if (event.key === "Enter" || event.key === "Escape") {
    endMode(event.key === "Enter");
    giveBack();
  } else return event.key !== "Tab";
  return true;
}

/** How the window switcher was opened: by keys it ends when Alt is let go, even before it is on the screen. */
export const switching = { byKeys: false, altHeld: false };

/** Listens for the desktop's keys, and notes on the document whether keys or a pointer are in use. Returns the way to stop. */
export function listenForKeys(desktop: Desktop & { expectPanels: () => void }): () => void {
  const root = document.documentElement;
  const onPointerDown = () => {
    root.dataset.input = "pointer";
  };
  const onKeyDown = (event: KeyboardEvent) => {
    root.dataset.input = "keyboard";
    // The panels come over the wire when they are first needed; the first half of their keys already asks for them.
    if (event.key === "Alt" || event.key === "Control" || event.key === "Meta") desktop.expectPanels();
    if (useGesture.getState().mode) {
      const pad = event.target instanceof Element && event.target.closest("[data-mode-pad]");
      if (pad && (event.key === "Enter" || event.key === " ")) return;
      if (modeKey(event)) {
        event.preventDefault();
        event.stopPropagation();
      }
      return;
    }
    const binding = commandOf(event);
    if (!binding || (binding.notInText && inText(event.target))) return;
    // While a dialog of an app is open, only what leads out of it works.
    const { panel } = usePanel.getState();
    if (panel === "switcher") return;
    event.preventDefault();
    event.stopPropagation();
    if (binding.command === "switcher") Object.assign(switching, { byKeys: true, altHeld: true });
    runCommand(binding.command, desktop);
  };
  const onKeyUp = (event: KeyboardEvent) => {
    if (event.key === "Alt") switching.altHeld = false;
  };
  document.addEventListener("keydown", onKeyDown, true);
  document.addEventListener("keyup", onKeyUp, true);
  document.addEventListener("pointerdown", onPointerDown, true);
  return () => {
    document.removeEventListener("keyup", onKeyUp, true);
    document.removeEventListener("keydown", onKeyDown, true);
    document.removeEventListener("pointerdown", onPointerDown, true);
  };
}
