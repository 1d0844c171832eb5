import { forwardKeys, type Shortcut } from "./keys";
import { PATIENT } from "./methods.gen";
import { createOs, type Os } from "./os";
import { type Boot, createPortTransport, type PortTransport } from "./port";
import { Problem } from "./problem";

/** What an app in a frame of its own has of the desktop. */
export interface Connection {
  os: Os;
  transport: PortTransport;
  boot: Boot;
}

export interface ConnectOptions {
  /** How long the desktop may take to answer, in milliseconds. */
  timeout?: number;
  /** Origins the desktop may have; those of the node that served this page when left out. */
  desktop?: readonly string[];
  /** Told the combinations of keys that belong to the desktop. */
  onKeys?: (keys: readonly Shortcut[]) => void;
}

const HANDSHAKE_MS = 15_000;

/**
 * Where the desktop can be when a page came from `address`: `http://<label>.webx.localhost:7700` belongs to the node on
 * port 7700, which is reached as `webx.localhost`, `localhost` or `127.0.0.1`. Anywhere else, a label in front is dropped.
 */
export function desktopOrigins(address: string): string[] {
  const { protocol, hostname, port } = new URL(address);
  const end = port === "" ? "" : `:${port}`;
  if (hostname === "webx.localhost" || hostname.endsWith(".webx.localhost"))
    return ["webx.localhost", "localhost", "127.0.0.1"].map(host => `${protocol}//${host}${end}`);
  const parent = hostname.slice(hostname.indexOf(".") + 1);
  return [`${protocol}//${hostname}${end}`, ...(parent.includes(".") ? [`${protocol}//${parent}${end}`] : [])];
}

/**
 * Says that this frame is ready and waits for the port. It is taken only from the window around this one, and only from
 * an origin where the desktop can be: nobody else can pretend to be it.
 */
export function receivePort(options: ConnectOptions = {}): Promise<MessagePort> {
  const { timeout = HANDSHAKE_MS, desktop = desktopOrigins(location.href), onKeys } = options;
  const { parent } = window;
  if (parent === window)
    return Promise.reject(
      new Problem({ code: "no-desktop", status: 0, title: "This page runs only inside of the desktop" }),
    );
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("message", hear);
    };
    const hear = (event: MessageEvent<unknown>) => {
      if (event.source !== parent || !desktop.includes(event.origin)) return;
      const { data, ports } = event;
      const [port] = ports;
      if (typeof data !== "object" || data === null || (data as { webx?: unknown }).webx !== "port") return;
      if (port === undefined || ports.length !== 1) return;
      done();
      const { keys } = data as { keys?: unknown };
      if (Array.isArray(keys)) onKeys?.(keys as Shortcut[]);
      resolve(port);
    };
    const timer = setTimeout(() => {
      done();
      reject(new Problem({ code: "timeout", status: 0, title: "The desktop does not answer" }));
    }, timeout);
    window.addEventListener("message", hear);
    parent.postMessage({ webx: "ready" }, "*");
  });
}

/**
 * For an app of the `iframe` kind: connects to the desktop around it. A builtin app needs none of this, its OS comes
 * from `useOs()`.
 *
 * ```ts
 * const { os, boot } = await connect();
 * document.title = boot.name;
 * const notes = await os.storage.docs.list("notes");
 * ```
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  let shortcuts: readonly Shortcut[] = [];
  const onKeys = (keys: readonly Shortcut[]) => {
    shortcuts = keys;
  };
  const port = await receivePort({ onKeys, ...options });
  const transport = createPortTransport(port, { patient: PATIENT });
  // No window keeps the person in: the desktop's own keys go to it, and it knows which window is in front.
  forwardKeys(() => shortcuts, transport.hint);
  for (const sign of ["focus", "pointerdown"])
    window.addEventListener(sign, () => transport.hint({ hint: "focus" }), true);
  const boot = await transport.boot;
  transport.hint({ hint: "booted" });
  return { os: createOs(transport), transport, boot };
}
