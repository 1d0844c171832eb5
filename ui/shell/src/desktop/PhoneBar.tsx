import ChevronLeft from "lucide-react/icons/chevron-left";
import Layers from "lucide-react/icons/layers";
import LayoutGrid from "lucide-react/icons/layout-grid";
import Search from "lucide-react/icons/search";
import { type PointerEvent, useEffect, useRef } from "react";
import { Button } from "react-aria-components/Button";
import { AppTile } from "./AppTile";
import { useApps } from "./apps";
import { openApp } from "./os";
import { showPanel } from "./panels";
import { appName, useText } from "./strings";
import { windowsIn } from "./wm/reducer";
import { dispatch, useWm } from "./wm/store";
import "./PhoneBar.css";

const goHome = () => {
  const { focus } = useWm.getState();
  if (focus) dispatch({ type: "minimise", id: focus });
  // Whatever stands below would come up next; on a phone home means: nothing in front.
  dispatch({ type: "focus", id: null });
};

/** Opens the app, or brings its last window back. */
const launch = (id: string) => {
  const { windows, stack } = useWm.getState();
  const last = stack.findLast(each => windows[each]?.app === id);
  if (last) dispatch({ type: "focus", id: last });
  else openApp(id);
};

/** The apps on the phone's first screen. */
export function HomeScreen() {
  const t = useText();
  const apps = useApps(state => state.list);
  return (
    <div className="home">
      <button type="button" className="home-search" onClick={() => showPanel("launcher")}>
        <Search size={18} aria-hidden="true" /> {t("searchEverything")}
      </button>
      <ul className="home-apps">
        {apps.map(app => (
          <li key={app.key}>
            <button type="button" className="home-app" onClick={() => launch(app.key)}>
              <AppTile app={app} size={60} />
              <span>{appName(t, app)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Back, home and the open windows; a swipe to the side changes the window, a swipe up goes home. */
export function PhoneBar() {
  const t = useText();
  const from = useRef<{ x: number; y: number } | null>(null);
  const focus = useWm(state => state.focus);
  const count = useWm(state => Object.keys(state.windows).length);

  const onPointerUp = (event: PointerEvent) => {
    const start = from.current;
    from.current = null;
    if (!start) return;
    const dx = event.clientX - start.x;
    const dy = event.clientY - start.y;
    if (dy < -40 && Math.abs(dy) > Math.abs(dx)) return goHome();
    if (Math.abs(dx) < 60) return;
    const state = useWm.getState();
    const ids = windowsIn(state, state.current)
      .map(each => each.id)
      .sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
    if (ids.length === 0) return;
    const here = state.focus ? ids.indexOf(state.focus) : 0;
    const next = ids[(here + (dx < 0 ? 1 : -1) + ids.length) % ids.length];
    if (next) dispatch({ type: "focus", id: next });
  };

  return (
    <nav
      className="phone-bar"
      data-region="dock"
      aria-label={t("dock")}
      onPointerDown={event => {
        from.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerUp={onPointerUp}
      onPointerCancel={() => {
        from.current = null;
      }}
    >
      <Button className="phone-button" isDisabled={focus === null} onPress={() => history.back()}>
        <ChevronLeft className="phone-back" size={22} aria-hidden="true" />
        <span>{t("back")}</span>
      </Button>
      <Button className="phone-button" onPress={goHome}>
        <LayoutGrid size={22} aria-hidden="true" />
        <span>{t("home")}</span>
      </Button>
      <Button className="phone-button" onPress={() => showPanel("switcher")}>
        <Layers size={22} aria-hidden="true" />
        <span>{t("windowsCount", { count })}</span>
      </Button>
    </nav>
  );
}

const MARK = "webx-window";

/** The browser's own back gesture leaves the window in front instead of the desktop. */
export function usePhoneBack(phone: boolean): void {
  const open = useWm(state => state.focus !== null);
  useEffect(() => {
    if (!phone || !open) return;
    if (history.state !== MARK) history.pushState(MARK, "");
    const onBack = () => goHome();
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, [phone, open]);
}
