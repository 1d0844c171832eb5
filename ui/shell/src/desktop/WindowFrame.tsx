import { AppProvider, type Launch } from "@webx/sdk";
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
import { memo, type RefObject, Suspense, useEffect, useMemo, useRef } from "react";
import { Button as MenuButton } from "react-aria-components/Button";
import { ErrorBoundary } from "../ErrorBoundary";
import { AppTile } from "./AppTile";
import { type App, appOf } from "./apps";
import { osFor } from "./os";
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
  id: string;
  phone: boolean;
  layer: RefObject<HTMLDivElement | null>;
}

/** A window: its frame, its title bar, and the app inside. */
export const WindowFrame = memo(function WindowFrame({ id, phone, layer }: Props) {
  const window = useWm(state => state.windows[id]);
  const app = window && appOf(window.app);
  if (!window || !app) return null;
  return <Frame window={window} app={app} phone={phone} layer={layer} />;
});

function Frame({
  window,
  app,
  phone,
  layer,
}: {
  window: WindowState;
  app: App;
  phone: boolean;
  layer: Props["layer"];
}) {
  const t = useText();
  const id = window.id;
  const frame = useRef<HTMLElement>(null);
  const active = useWm(state => state.focus === id);
  const shown = useWm(state => state.current === window.space) && !window.minimised;
  const level = useWm(state => state.stack.indexOf(id));
  const area = useWm(state => state.area);
  const modeKind = useGesture(state => (state.mode?.id === id ? state.mode.kind : null));
  const drag = useWindowDrag(id, layer);
  const title = window.title || appName(t, app);
  const visible = shown && (!phone || active);
  const { x, y, w, h } = boundsOf(window, { area });

  useFocusFollows(frame, active && visible);

  return (
    <section
      ref={frame}
      role="dialog"
      aria-label={title}
      tabIndex={-1}
      className="window"
      data-window={id}
      data-active={active || undefined}
      data-zone={window.zone ?? undefined}
      data-phone={phone || undefined}
      data-mode={modeKind ?? undefined}
      inert={!visible}
      style={
        phone
          ? { zIndex: level, visibility: visible ? "visible" : "hidden" }
          : {
              transform: `translate(${x}px, ${y}px)`,
              width: w,
              height: h,
              zIndex: level + 1,
              visibility: visible ? "visible" : "hidden",
            }
      }
      onPointerDownCapture={() => dispatch({ type: "focus", id })}
      onFocusCapture={() => dispatch({ type: "focus", id })}
    >
      <header className="window-bar" {...(phone ? {} : drag.bar)}>
        <Menu
          label={t("windowMenu")}
          items={phone ? windowMenu(window, t).slice(-1) : windowMenu(window, t)}
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
                label={window.zone === "max" ? t("restore") : t("maximise")}
                onPress={() => dispatch({ type: "maximise", id })}
              >
                {window.zone === "max" ? <Copy className="window-restore" /> : <Square className="window-max" />}
              </IconButton>
            </>
          )}
          <IconButton
            size="sm"
            noTooltip
            label={t("closeWindow")}
            className="window-close"
            onPress={() => dispatch({ type: "close", id })}
          >
            <X />
          </IconButton>
        </div>
      </header>
      <div className="window-content">
        <Content id={id} app={app} args={window.args} launch={window.launch} />
      </div>
      {modeKind && <ModePad kind={modeKind} />}
      {!phone &&
        EDGES.map(edge => (
          <div key={edge} className={`window-edge window-edge-${edge}`} {...drag.edge(edge)} aria-hidden="true" />
        ))}
    </section>
  );
}

/** The app, drawn again only when it is asked something new. */
const Content = memo(function Content({
  id,
  app,
  args,
  launch,
}: {
  id: string;
  app: App;
  args: unknown;
  launch: number;
}) {
  const t = useText();
  const os = useMemo(() => osFor(id), [id]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every launch is a new question, even with the same arguments
  const asked = useMemo<Launch>(() => ({ args }), [args, launch]);
  return (
    <ErrorBoundary
      fallback={(problem, again) => (
        <ErrorState
          title={t("appBroke", { app: appName(t, app) })}
          onRetry={again}
          action={<Button onPress={() => dispatch({ type: "close", id })}>{t("closeWindow")}</Button>}
        >
          <p>{t("appBrokeHelp")}</p>
          <code className="window-problem">{problem instanceof Error ? problem.message : String(problem)}</code>
        </ErrorState>
      )}
    >
      <Suspense fallback={<SkeletonList />}>
        <AppProvider os={os} launch={asked}>
          <app.Content />
        </AppProvider>
      </Suspense>
    </ErrorBoundary>
  );
});

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
    const target = last.current?.isConnected && element.contains(last.current) ? last.current : element;
    target.focus({ preventScroll: true });
  }, [frame, active]);
}
