import { SkeletonList, toast } from "@webx/ui";
import { type DragEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { App } from "../apps";
import { heldBy } from "../broker/held";
import { type Dropped, droppedFrom } from "../dropped";
import { useText } from "../strings";
import type { WindowState } from "../wm/state";
import { dispatch, useGesture } from "../wm/store";
import { awaitFrame } from "./host";
import { Problems } from "./Problems";
import { type Condition, type Running, startApp } from "./run";
import { dropSlot, refillSoon, replaceSlot, type Slot } from "./slots";
import "./AppFrame.css";

/** Neither can open windows, navigate the desktop or reach its origin. */
const OPAQUE = "allow-scripts allow-forms";
/** The same with the origin that is its own, for its storage. */
const OWN_ORIGIN = "allow-scripts allow-forms allow-same-origin allow-downloads";

const START: Condition = { kind: "loading" };

/**
 * An app from somebody else whose window is not in front cannot take the keyboard: what a person types into another
 * window stays there. The first press brings it to the front.
 */
const behind = (app: App | undefined, active: boolean): boolean => !active && app?.info?.system !== true;

/**
 * The keyboard waits on the window until the page in its frame is there: a frame that gets it while its page is on the way
 * to another process loses it, and then no key reaches anybody.
 */
function useKeyboardOnceThere(
  frame: RefObject<HTMLIFrameElement | null>,
  there: boolean,
  window: string | undefined,
  active: boolean,
) {
  const front = useRef(active);
  front.current = active;
  useEffect(() => {
    if (!there || window === undefined || !front.current || useGesture.getState().mode !== null) return;
    if (document.activeElement?.matches(`[data-window="${window}"]`)) frame.current?.focus({ preventScroll: true });
  }, [frame, there, window]);
}

/** Runs the app of a window behind a port, as soon as both are there. */
function useApp(
  frame: RefObject<HTMLIFrameElement | null>,
  port: MessagePort | undefined,
  app?: App,
  window?: WindowState,
) {
  const [condition, setCondition] = useState<Condition>(START);
  const [dragging, setDragging] = useState(false);
  const running = useRef<Running>(undefined);
  const id = window?.id;
  const args = useRef(window?.args);
  args.current = window?.args;
  const current = useRef(app);
  current.current = app;

  useEffect(() => {
    const element = frame.current;
    const started = current.current;
    if (!port || !element || !started || id === undefined) return;
    setCondition(START);
    const mine = startApp({
      port,
      frame: element,
      window: id,
      app: started,
      args: args.current,
      changed: setCondition,
      dragged: () =>
        setDragging(current.current?.info !== undefined && heldBy(current.current.info).has("system:drive")),
    });
    running.current = mine;
    return () => {
      running.current = undefined;
      mine.close();
    };
  }, [frame, port, id]);

  const launch = window?.launch ?? 0;
  useEffect(() => {
    if (launch > 0) running.current?.launch(args.current);
  }, [launch]);
  const drop = dragging ? (
    <DropInto over={() => setDragging(false)} take={upload => running.current?.launch({ upload })} />
  ) : null;
  return { condition, setCondition, drop };
}

/** Over an app that may use the drive while files are dragged into its window: what is dropped is read here. */
function DropInto({ over, take }: { over: () => void; take: (upload: Dropped[]) => void }) {
  const t = useText();
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    over();
    try {
      const upload = await droppedFrom(event.dataTransfer);
      if (upload.length > 0) take(upload);
    } catch {
      toast({ level: "error", title: t("dropFailed") });
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the app has upload buttons
    <div
      className="app-drop"
      onDragOver={event => {
        event.preventDefault();
        event.stopPropagation();
        event.dataTransfer.dropEffect = "copy";
      }}
      onDragLeave={over}
      onDrop={event => void drop(event)}
      onPointerMove={over}
    >
      <strong>{t("dropIntoFolder")}</strong>
    </div>
  );
}

/** The frame of a builtin app: booted before it is needed, in its place in the document for as long as it lives. */
export function AppFrame({
  slot,
  app,
  window,
  active,
}: {
  slot: Slot;
  app?: App | undefined;
  window?: WindowState | undefined;
  active: boolean;
}) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [port, setPort] = useState<MessagePort>();
  const { condition, setCondition, drop } = useApp(frame, port, app, window);
  const taken = useRef(slot.window);
  taken.current = slot.window;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    let connected = false;
    return awaitFrame(element, "null", fresh => {
      if (!connected) {
        connected = true;
        setPort(fresh);
        return;
      }
      // Its page was loaded anew: what is in there now is not what was given to this window.
      fresh.close();
      if (taken.current === null) dropSlot(slot.id);
      else setCondition({ kind: "crashed", message: "The app left its page", stack: "" });
    });
  }, [slot.id, setCondition]);

  // The next frame boots when this app has its first picture.
  const shown = condition.kind === "running";
  useEffect(() => {
    if (shown) refillSoon();
  }, [shown]);

  useKeyboardOnceThere(frame, port !== undefined, window?.id, active);
  const failed = condition.kind !== "loading" && condition.kind !== "running";
  return (
    <>
      <iframe
        ref={frame}
        className="app-frame"
        data-condition={port ? (window ? condition.kind : "ready") : "booting"}
        src="/_os/frame.html"
        sandbox={OPAQUE}
        inert={behind(app, active)}
        title={window?.title || app?.name || "App"}
        hidden={failed}
        tabIndex={window ? 0 : -1}
      />
      {window && app && condition.kind === "loading" && <Loading />}
      {drop}
      {window && app && failed && (
        <Problems app={app} window={window.id} condition={condition} again={() => replaceSlot(window.id)} />
      )}
    </>
  );
}

/** The frame of a web app as it is, in the origin that is its own. */
export function OriginFrame({ app, window, active }: { app: App; window: WindowState; active: boolean }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [port, setPort] = useState<MessagePort>();
  const [round, setRound] = useState(0);
  const [loaded, setLoaded] = useState(false);
  const { condition } = useApp(frame, port, app, window);
  const entry = app.info?.entry;
  const origin = entry?.mode === "iframe" ? entry.origin : "";
  const start = entry?.mode === "iframe" ? entry.start : "/";

  // biome-ignore lint/correctness/useExhaustiveDependencies: each round has a frame of its own
  useEffect(() => {
    const element = frame.current;
    // It may load other pages of its own; each of them has a port of its own.
    return element ? awaitFrame(element, origin, setPort) : undefined;
  }, [origin, round]);

  useKeyboardOnceThere(frame, port !== undefined || loaded, window.id, active);
  const failed = port !== undefined && condition.kind !== "loading" && condition.kind !== "running";
  return (
    <>
      <iframe
        key={round}
        ref={frame}
        className="app-frame app-frame-own"
        data-condition={port ? condition.kind : loaded ? "loaded" : "booting"}
        src={new URL(start, origin).href}
        sandbox={OWN_ORIGIN}
        inert={behind(app, active)}
        title={window.title || app.name}
        hidden={failed}
        onLoad={() => setLoaded(true)}
      />
      {!loaded && <Loading />}
      {!active && !failed && <Shield window={window.id} frame={frame} />}
      {failed && (
        <Problems
          app={app}
          window={window.id}
          condition={condition}
          again={() => {
            setPort(undefined);
            setLoaded(false);
            setRound(round + 1);
          }}
        />
      )}
    </>
  );
}

/** Over a page that does not tell when it is pressed: the first press brings its window to the front. */
function Shield({ window, frame }: { window: string; frame: RefObject<HTMLIFrameElement | null> }) {
  return (
    <div
      className="app-shield"
      aria-hidden="true"
      onPointerDown={event => {
        event.preventDefault();
        dispatch({ type: "focus", id: window });
        frame.current?.focus();
      }}
    />
  );
}

/** Shown only when it takes longer than a person notices. */
function Loading() {
  return (
    <div className="app-loading" aria-hidden="true">
      <SkeletonList />
    </div>
  );
}
