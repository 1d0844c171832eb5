import { Button, ErrorState, IconButton, Menu, SkeletonList } from "@webx/ui";
import ArrowDown from "lucide-react/icons/arrow-down";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import ArrowUp from "lucide-react/icons/arrow-up";
import Check from "lucide-react/icons/check";
import Copy from "lucide-react/icons/copy";
import Minus from "lucide-react/icons/minus";
import Square from "lucide-react/icons/square";
import X from "lucide-react/icons/x";
import { lazy, memo, type RefObject, Suspense, useEffect, useRef } from "react";
import { Button as MenuButton } from "react-aria-components/Button";
import { ErrorBoundary } from "../ErrorBoundary";
import { AppTile } from "./AppTile";
import { type App, BACKEND, DOCUMENT, useApp, WORK } from "./apps";
import { closeWindow } from "./busy";
import { AppFrame, OriginFrame } from "./frames/AppFrame";
import type { Slot } from "./frames/slots";
import { appName, useText } from "./strings";
import { useWindowDrag } from "./useWindowDrag";
import { windowMenu } from "./windowMenu";
import type { Edge } from "./wm/geometry";
import { boundsOf } from "./wm/reducer";
import type { WindowState } from "./wm/state";
import { dispatch, endMode, stepMode, useGesture, useWm } from "./wm/store";
import "./WindowFrame.css";

const EDGES: Edge[] = ["n", "s", "e", "w", "ne", "nw", "se", "sw"];

interface Props {
  /** The window; null while its frame still waits for one. */
  id: string | null;
  slot?: Slot;
  phone: boolean;
  layer: RefObject<HTMLDivElement | null>;
}

/** A window: its frame, its title bar, and the app inside. What is in it never moves in the document. */
export const WindowFrame = memo(function WindowFrame({ id, slot, phone, layer }: Props) {
  const t = useText();
  const window = useWm(state => (id === null ? undefined : state.windows[id]));
  const app = useApp(window?.app ?? "");
  const frame = useRef<HTMLElement>(null);
  const active = useWm(state => id !== null && state.focus === id);
  const shown = useWm(state => window !== undefined && state.current === window.space) && window?.minimised === false;
  const level = useWm(state => (id === null ? -1 : state.stack.indexOf(id)));
  const area = useWm(state => state.area);
  const modeKind = useGesture(state => (id !== null && state.mode?.id === id ? state.mode.kind : null));
  const drag = useWindowDrag(id ?? "", layer);
  const visible = app !== undefined && shown && (!phone || active);
  useFocusFollows(frame, active && visible);

  if (!window && !slot) return null;
  const title = window && app ? window.title || appName(t, app) : "";
  const bounds = window ? boundsOf(window, { area }) : SPARE;
  return (
    <section
      ref={frame}
      role={window ? "dialog" : undefined}
      aria-label={window ? title : undefined}
      aria-hidden={window ? undefined : true}
      tabIndex={-1}
      className="window"
      data-window={window?.id}
      data-active={active || undefined}
      data-zone={window?.zone ?? undefined}
      data-phone={phone || undefined}
      data-mode={modeKind ?? undefined}
      inert={!visible}
      style={{
        visibility: visible ? "visible" : "hidden",
        ...(phone
          ? { zIndex: level }
          : {
              transform: `translate(${bounds.x}px, ${bounds.y}px)`,
              width: bounds.w,
              height: bounds.h,
              zIndex: level + 1,
            }),
      }}
      onPointerDownCapture={() => id !== null && dispatch({ type: "focus", id })}
      onFocusCapture={() => id !== null && dispatch({ type: "focus", id })}
    >
      {window && app ? <TitleBar window={window} app={app} title={title} phone={phone} drag={drag.bar} /> : null}
      <div className="window-content">
        {slot ? (
          <AppFrame slot={slot} app={app} window={window} active={active} />
        ) : (
          window && app && <Content window={window} app={app} active={active} />
        )}
      </div>
      {modeKind && <ModePad kind={modeKind} />}
      {window &&
        !phone &&
        EDGES.map(edge => (
          <div key={edge} className={`window-edge window-edge-${edge}`} {...drag.edge(edge)} aria-hidden="true" />
        ))}
    </section>
  );
});

/** Where a frame waits: out of sight, in the size of a usual window. */
const SPARE = { x: 0, y: 0, w: 980, h: 620 };

function TitleBar({
  window,
  app,
  title,
  phone,
  drag,
}: {
  window: WindowState;
  app: App;
  title: string;
  phone: boolean;
  drag: ReturnType<typeof useWindowDrag>["bar"];
}) {
  const t = useText();
  const { id, zone } = window;
  const menu = windowMenu(window, app, t);
  return (
    <header className="window-bar" {...(phone ? {} : drag)}>
      <Menu
        label={t("windowMenu")}
        items={phone ? menu.slice(-1) : menu}
        trigger={
          <MenuButton className="window-icon" aria-label={t("windowMenuOf", { title })} data-window-menu>
            <AppTile app={app} size={18} />
          </MenuButton>
        }
      />
      <h2 className="window-title">{title}</h2>
      <div className="window-buttons">
        {!phone && (
          <>
            <IconButton size="sm" noTooltip label={t("minimise")} onPress={() => dispatch({ type: "minimise", id })}>
              <Minus />
            </IconButton>
            <IconButton
              size="sm"
              noTooltip
              label={zone === "max" ? t("restore") : t("maximise")}
              onPress={() => dispatch({ type: "maximise", id })}
            >
              {zone === "max" ? <Copy className="window-restore" /> : <Square className="window-max" />}
            </IconButton>
          </>
        )}
        <IconButton
          size="sm"
          noTooltip
          label={t("closeWindow")}
          className="window-close"
          onPress={() => void closeWindow(id)}
        >
          <X />
        </IconButton>
      </div>
    </header>
  );
}

const DocumentView = lazy(() => import("./views/DocumentView"));
const WorkView = lazy(() => import("./views/WorkView"));
const BackendView = lazy(() => import("./views/BackendView"));

/** What stands in a window that needs no frame from the pool. */
function Content({ window, app, active }: { window: WindowState; app: App; active: boolean }) {
  const t = useText();
  if (app.entry === "iframe") return <OriginFrame app={app} window={window} active={active} />;
  return (
    <ErrorBoundary
      fallback={(problem, again) => (
        <ErrorState
          title={t("appBroke", { app: appName(t, app) })}
          onRetry={again}
          action={<Button onPress={() => dispatch({ type: "close", id: window.id })}>{t("closeWindow")}</Button>}
        >
          <code className="window-problem">{problem instanceof Error ? problem.message : String(problem)}</code>
        </ErrorState>
      )}
    >
      <Suspense fallback={<SkeletonList />}>
        {app.key === DOCUMENT && <DocumentView window={window.id} args={window.args} />}
        {app.key === WORK && <WorkView args={window.args} />}
        {app.key === BACKEND && <BackendView window={window.id} args={window.args} />}
      </Suspense>
    </ErrorBoundary>
  );
}

/** Arrow buttons for people who cannot drag: the same as the arrow keys. */
function ModePad({ kind }: { kind: "move" | "resize" }) {
  const t = useText();
  const step = 20;
  return (
    <div className="mode-pad" role="toolbar" aria-label={t(kind)} data-mode-pad>
      <span className="mode-pad-text">{t(kind)}</span>
      <IconButton
        size="sm"
        noTooltip
        label={kind === "move" ? t("moveLeft") : t("narrower")}
        onPress={() => stepMode(-step, 0)}
      >
        <ArrowLeft />
      </IconButton>
      <IconButton
        size="sm"
        noTooltip
        label={kind === "move" ? t("moveUp") : t("shorter")}
        onPress={() => stepMode(0, -step)}
      >
        <ArrowUp />
      </IconButton>
      <IconButton
        size="sm"
        noTooltip
        label={kind === "move" ? t("moveDown") : t("taller")}
        onPress={() => stepMode(0, step)}
      >
        <ArrowDown />
      </IconButton>
      <IconButton
        size="sm"
        noTooltip
        label={kind === "move" ? t("moveRight") : t("wider")}
        onPress={() => stepMode(step, 0)}
      >
        <ArrowRight />
      </IconButton>
      <IconButton size="sm" noTooltip variant="primary" label={t("keepPlace")} onPress={() => endMode(true)}>
        <Check />
      </IconButton>
      <IconButton size="sm" noTooltip label={t("undoPlace")} onPress={() => endMode(false)}>
        <X />
      </IconButton>
    </div>
  );
}

/** The keyboard goes where the window manager's focus is, and back to the place it had in that window. */
function useFocusFollows(frame: RefObject<HTMLElement | null>, active: boolean) {
  const last = useRef<HTMLElement | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const remember = (event: FocusEvent) => {
      if (event.target instanceof HTMLElement) last.current = event.target;
    };
    element.addEventListener("focusin", remember);
    return () => element.removeEventListener("focusin", remember);
  }, [frame]);
  useEffect(() => {
    const element = frame.current;
    if (!active || !element || element.contains(document.activeElement)) return;
    // A dialog over the windows keeps the keyboard until it closes.
    if (document.activeElement?.closest(".wx-modal, .wx-popover, .wx-sheet, .launcher")) return;
    const target = last.current?.isConnected && element.contains(last.current) ? last.current : placeIn(element);
    target.focus({ preventScroll: true });
  }, [frame, active]);
}

/** Where the keyboard begins in a window: in the app, once that is there. */
function placeIn(window: HTMLElement): HTMLElement {
  return window.querySelector<HTMLElement>("iframe.app-frame:not([hidden], [data-condition=booting])") ?? window;
}
