/** The desktop: wallpaper, windows, bars, and what opens over them. */
import {
  Button,
  ContextMenu,
  clearToasts,
  DEFAULT_WALLPAPER,
  isWallpaper,
  type MenuEntry,
  Toasts,
  toast,
  useLocale,
  Wallpaper,
} from "@webx/ui";
import AppWindow from "lucide-react/icons/app-window";
import FolderClosed from "lucide-react/icons/folder-closed";
import Grid2x2 from "lucide-react/icons/grid-2x2";
import Image from "lucide-react/icons/image";
import Keyboard from "lucide-react/icons/keyboard";
import Layers from "lucide-react/icons/layers";
import Monitor from "lucide-react/icons/monitor";
import Plus from "lucide-react/icons/plus";
import Search from "lucide-react/icons/search";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { appOf, FILES, followApps, SETTINGS, useApps } from "./apps";
import { DeskIcons } from "./DeskIcons";
import { Dock } from "./Dock";
import { DropTarget } from "./DropTarget";
import { expectApp, forgetPackages } from "./frames/run";
import { appsChanged, openSlots } from "./frames/slots";
import { keepLayout } from "./layout";
import { lockDesktop } from "./lockDesktop";
import { followNotifications, useNotifications } from "./notifications";
import { Offline } from "./Offline";
import { forgetClipboard, openApp, setOsLanguage } from "./os";
import { HomeScreen, PhoneBar, usePhoneBack } from "./PhoneBar";
import { showPanel, usePanel } from "./panels";
import { isPhone, usePhone } from "./phone";
import { dropQuestions, useQuestions } from "./prompts/ask";
import { nextRegion } from "./regions";
import { followSettings, useSettings } from "./settings";
import { keysOf, listenForKeys } from "./shortcuts";
import { useText } from "./strings";
import { TopBar } from "./TopBar";
import { WindowLayer } from "./WindowLayer";
import { emptyWm, MAX_SPACES } from "./wm/state";
import { dispatch, useGesture, useWm } from "./wm/store";
import "./Desktop.css";

const loadLauncher = () => import("./Launcher");
const loadSwitcher = () => import("./Switcher");
const Launcher = lazy(loadLauncher);
const NotificationCentre = lazy(() => import("./NotificationCentre"));
const Questions = lazy(() => import("./prompts/Questions"));
const ShortcutSheet = lazy(() => import("./ShortcutSheet"));
const Switcher = lazy(loadSwitcher);

/** Fetches what the next keys may ask for; a failure shows when it is really asked for. */
function expectPanels(): void {
  void loadLauncher().catch(() => undefined);
  void loadSwitcher().catch(() => undefined);
}

export default function Desktop() {
  const t = useText();
  const { locale } = useLocale();
  const phone = usePhone();
  const desk = useRef<HTMLElement>(null);
  const wallpaper = useSettings(state => state.wallpaper);
  // While the person is asked something, no app has the keyboard.
  const asking = useQuestions(state => state.waiting.length > 0);
  const [ready, setReady] = useState(false);

  const lockNow = useCallback(() => {
    lockDesktop().catch(() => toast({ level: "error", title: t("lockFailed") }));
  }, [t]);

  useEffect(() => setOsLanguage(locale), [locale]);
  useEffect(followApps, []);
  useEffect(followSettings, []);
  useEffect(framesAfterPaint, []);
  useEffect(followInstalled, []);
  useEffect(followFrameFocus, []);
  useEffect(followNotifications, []);
  useEffect(() => listenForKeys({ lock: lockNow, nextRegion, expectPanels }), [lockNow]);
  useEffect(() => {
    let gone = false;
    let stop = () => {};
    keepLayout().then(layout => {
      if (gone) return layout.stop();
      stop = layout.stop;
      setReady(true);
      if (!layout.found && !isPhone() && appOf(FILES)) openApp(FILES);
    });
    return () => {
      gone = true;
      stop();
      forgetEverything();
    };
  }, []);
  usePhoneBack(phone);

  // With no window to hold the keyboard it rests on the desktop, so that keys go on working.
  const focus = useWm(state => state.focus);
  useEffect(() => {
    if (
      focus === null &&
      ready &&
      (document.activeElement === document.body || document.activeElement?.closest("[inert]"))
    )
      desk.current?.focus({ preventScroll: true });
  }, [focus, ready]);

  const menu = (target: Element): MenuEntry[] => (target.closest(".window, .dock, .bar") ? [] : deskMenu(t));

  return (
    <ContextMenu label={t("desktopMenu")} items={menu}>
      <DropTarget>
        <div className="desk" data-phone={phone || undefined}>
          <Wallpaper name={isWallpaper(wallpaper) ? wallpaper : DEFAULT_WALLPAPER} />
          <TopBar phone={phone} onLock={lockNow} />
          <Offline />
          <main
            ref={desk}
            inert={asking}
            className="desk-main"
            tabIndex={-1}
            data-region="windows"
            aria-label={t("desktop")}
          >
            <h1 className="wx-visually-hidden">{t("desktop")}</h1>
            {phone && <HomeScreen />}
            {ready && <EmptyDesk phone={phone} />}
            {!phone && <DeskIcons />}
            <WindowLayer />
          </main>
          {phone ? <PhoneBar /> : <Dock />}
          <Panels />
        </div>
      </DropTarget>
      <Toasts />
    </ContextMenu>
  );
}

/** The first picture comes first: frames are made once it has been painted. */
function framesAfterPaint(): () => void {
  let stop = () => {};
  const timer = setTimeout(() => {
    requestAnimationFrame(() => {
      if (over) return;
      stop = openSlots();
      const files = appOf(FILES);
      if (files) expectApp(files);
    });
  });
  let over = false;
  return () => {
    over = true;
    clearTimeout(timer);
    stop();
  };
}

/** Windows of an app that was removed, on whichever browser, close; those of one that came back get their frames. */
function followInstalled(): () => void {
  return useApps.subscribe((now, before) => {
    if (now.list === before.list || !now.loaded) return;
    appsChanged();
    for (const { id, app } of Object.values(useWm.getState().windows)) if (!appOf(app)) dispatch({ type: "close", id });
  });
}

/** A press into a frame takes the keyboard from the page: the window around that frame comes to the front. */
function followFrameFocus(): () => void {
  const look = () => {
    // The element that has the keyboard is known a moment later.
    setTimeout(() => {
      const held = document.activeElement?.closest<HTMLElement>("iframe")?.closest<HTMLElement>("[data-window]");
      const id = held?.dataset.window;
      if (id !== undefined && useWm.getState().focus !== id) dispatch({ type: "focus", id });
    });
  };
  addEventListener("blur", look);
  return () => removeEventListener("blur", look);
}

/** When the desktop closes, names of files and windows leave the page's memory with it. */
function forgetEverything(): void {
  useWm.setState(emptyWm, true);
  useGesture.setState({ preview: null, dragging: false, mode: null });
  useNotifications.setState({ items: [], jobs: [], online: true, failed: false });
  showPanel(null);
  forgetClipboard();
  forgetPackages();
  dropQuestions();
  clearToasts();
}

function Panels() {
  const panel = usePanel(state => state.panel);
  const asking = useQuestions(state => state.waiting.length > 0);
  return (
    <Suspense fallback={null}>
      {panel === "launcher" && <Launcher />}
      {panel === "notifications" && <NotificationCentre />}
      {panel === "shortcuts" && <ShortcutSheet />}
      {panel === "switcher" && <Switcher />}
      {asking && <Questions />}
    </Suspense>
  );
}

/** What a person sees with no window open: the two ways to go on. */
function EmptyDesk({ phone }: { phone: boolean }) {
  const t = useText();
  const empty = useWm(
    state => !Object.values(state.windows).some(each => each.space === state.current && !each.minimised),
  );
  if (!empty || phone) return null;
  return (
    <div className="desk-empty">
      <p>{t("emptyDesk")}</p>
      <div className="desk-empty-actions">
        <Button icon={<Search />} onPress={() => showPanel("launcher")}>
          {t("searchEverything")} <kbd className="keys">{keysOf("launcher")}</kbd>
        </Button>
        <Button icon={<FolderClosed />} onPress={() => openApp(FILES)}>
          {t("openFiles")}
        </Button>
      </div>
    </div>
  );
}

function deskMenu(t: ReturnType<typeof useText>): MenuEntry[] {
  const { spaces } = useWm.getState();
  return [
    { id: "files", label: t("openFiles"), icon: FolderClosed, onAction: () => openApp(FILES) },
    {
      id: "search",
      label: t("searchEverything"),
      icon: Search,
      keys: keysOf("launcher"),
      onAction: () => showPanel("launcher"),
    },
    "separator",
    {
      id: "tile",
      label: t("tileAll"),
      icon: Grid2x2,
      keys: keysOf("tile"),
      onAction: () => dispatch({ type: "tile" }),
    },
    {
      id: "cascade",
      label: t("cascadeAll"),
      icon: Layers,
      keys: keysOf("cascade"),
      onAction: () => dispatch({ type: "cascade" }),
    },
    {
      id: "show",
      label: t("showDesktop"),
      icon: Monitor,
      keys: keysOf("showDesktop"),
      onAction: () => dispatch({ type: "showDesktop" }),
    },
    {
      id: "new",
      label: t("newDesktop"),
      icon: Plus,
      keys: keysOf("newDesktop"),
      disabled: spaces.length >= MAX_SPACES,
      onAction: () => dispatch({ type: "addSpace" }),
    },
    "separator",
    {
      id: "wallpaper",
      label: t("changeWallpaper"),
      icon: Image,
      onAction: () => openApp(SETTINGS, { page: "appearance" }),
    },
    { id: "settings", label: t("appSettings"), icon: AppWindow, onAction: () => openApp(SETTINGS) },
    {
      id: "keys",
      label: t("shortcuts"),
      icon: Keyboard,
      keys: keysOf("shortcuts"),
      onAction: () => showPanel("shortcuts"),
    },
  ];
}
