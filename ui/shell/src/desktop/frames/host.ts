/**
 * The handshake with a frame: it says that it is ready, the desktop answers with one end of a channel. Everything else
 * goes through that channel; what frames post to the window otherwise is not heard.
 */
import { BINDINGS } from "../shortcuts";

/** The desktop's keys, so that frames can hand them back. */
const KEYS = BINDINGS.map(({ code, ctrl, alt, shift, notInText, takesKeys }) => ({
  code,
  ctrl,
  alt,
  shift,
  notInText,
  takesKeys,
}));

interface Waiting {
  frame: HTMLIFrameElement;
  /** The origin the page must have; `null` (the text) is that of a sandboxed page. */
  origin: string;
  /** The page is there, for the first time or again after it was loaded anew. */
  connected(port: MessagePort): void;
}

const waiting = new Set<Waiting>();

function hear(event: MessageEvent<unknown>): void {
  const { data } = event;
  if (typeof data !== "object" || data === null || (data as { webx?: unknown }).webx !== "ready") return;
  for (const each of waiting) {
    if (each.frame.contentWindow !== event.source || event.origin !== each.origin) continue;
    const { port1, port2 } = new MessageChannel();
    // A sandboxed page has no origin that could be named; that it is the right window was looked at above.
    each.frame.contentWindow?.postMessage({ webx: "port", keys: KEYS }, each.origin === "null" ? "*" : each.origin, [
      port2,
    ]);
    each.connected(port1);
    return;
  }
}

/** Waits for the page of a frame. Returns the way to stop. */
export function awaitFrame(frame: HTMLIFrameElement, origin: string, connected: Waiting["connected"]): () => void {
  const each: Waiting = { frame, origin, connected };
  if (waiting.size === 0) addEventListener("message", hear);
  waiting.add(each);
  return () => {
    waiting.delete(each);
    if (waiting.size === 0) removeEventListener("message", hear);
  };
}
