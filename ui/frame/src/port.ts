import {
  type Boot,
  createPortTransport,
  forwardKeys,
  type KeyHint,
  type Locale,
  PATIENT,
  type PortTransport,
  receivePort,
  type Shortcut,
} from "@webx/sdk";
import type { Look } from "./look";

/** What the desktop sends first: the app and everything it needs for its first picture. */
export type FrameBoot = Boot & { theme: Look };

type FrameHint =
  | { hint: "booted" }
  | { hint: "focus" | "drag" }
  | { hint: "crashed"; message: string; stack: string }
  | KeyHint;

export interface FramePort {
  boot: Promise<FrameBoot>;
  transport: PortTransport;
  onLaunch: PortTransport["onLaunch"];
  onTheme(listener: (look: Look) => void): () => void;
  onLocale(listener: (locale: Locale) => void): () => void;
  hint(hint: FrameHint): void;
}

/** Shakes hands with the desktop. The keyboard belongs to the desktop before any app is here. */
export async function connectFrame(): Promise<FramePort> {
  let shortcuts: readonly Shortcut[] = [];
  let tell: (hint: FrameHint) => void = () => {};
  forwardKeys(
    () => shortcuts,
    hint => tell(hint),
  );
  // The desktop's keys come with the port, so that they work before there is an app.
  const onKeys = (keys: readonly Shortcut[]) => {
    shortcuts = keys;
  };
  const transport = createPortTransport(await receivePort({ onKeys }), { patient: PATIENT });
  tell = hint => transport.hint(hint as Parameters<typeof transport.hint>[0]);
  addEventListener("focus", () => tell({ hint: "focus" }), true);
  addEventListener("pointerdown", () => tell({ hint: "focus" }), true);
  // Folders cannot be read in an opaque origin: the desktop takes the drop for apps that may use the drive.
  const onDragEnter = (event: DragEvent) => {
    if (event.dataTransfer?.types.includes("Files")) tell({ hint: "drag" });
  };
  addEventListener("dragenter", onDragEnter, true);
  offerClipboard(transport);
  return {
    boot: transport.boot as Promise<FrameBoot>,
    transport,
    onLaunch: transport.onLaunch,
    onTheme: listener => transport.subscribe("theme", listener),
    onLocale: listener => transport.subscribe("i18n", listener),
    hint: hint => tell(hint),
  };
}

/** Buttons that copy use the browser's own call; in a frame the desktop answers it. */
function offerClipboard(transport: PortTransport): void {
  Object.defineProperty(navigator, "clipboard", {
    configurable: true,
    value: {
      writeText: (text: string) => transport.call("clipboard.writeText", [text]),
      readText: () => transport.call("clipboard.readText", []),
    },
  });
}
