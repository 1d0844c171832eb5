import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { AppTile } from "./AppTile";
import { appOf } from "./apps";
import { showPanel } from "./panels";
import { switching } from "./shortcuts";
import { appName, useText } from "./strings";
import { dispatch, useWm } from "./wm/store";
import "./Switcher.css";

const cancel = () => showPanel(null);

/** The panel goes first and gives the keyboard back, then the window takes it. */
function choose(id: string | undefined): void {
  cancel();
  if (id) setTimeout(() => dispatch({ type: "focus", id }), 0);
}

/** Goes through the open windows, the last used first: hold Alt, press Q, let go. Arrows, Enter and Escape work too. */
export default function Switcher() {
  const t = useText();
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [ids] = useState(() => useWm.getState().stack.toReversed());
  const windows = useWm(state => state.windows);
  const spaces = useWm(state => state.spaces);
  const [index, setIndex] = useState(() => {
    const front = useWm.getState().focus === ids[0];
    return front && ids.length > 1 ? 1 : 0;
  });
  const chosen = useRef(index);
  chosen.current = index;

  useEffect(() => {
    const before = document.activeElement;
    box.current?.focus({ preventScroll: true });
    if (switching.byKeys && !switching.altHeld) choose(ids[chosen.current]);
    const onKeyUp = (event: globalThis.KeyboardEvent) => {
      if (event.key === "Alt") choose(ids[chosen.current]);
    };
    addEventListener("keyup", onKeyUp, true);
    // Another program took the keyboard: nothing is chosen. A frame that was about to get it gives it back.
    const onBlur = () => {
      setTimeout(() => {
        if (document.activeElement instanceof HTMLIFrameElement) box.current?.focus({ preventScroll: true });
        else if (!document.hasFocus()) cancel();
      });
    };
    addEventListener("blur", onBlur);
    return () => {
      switching.byKeys = false;
      removeEventListener("keyup", onKeyUp, true);
      removeEventListener("blur", onBlur);
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, [ids]);

  const onKeyDown = (event: KeyboardEvent) => {
    const rtl = getComputedStyle(event.currentTarget).direction === "rtl";
    const forward = rtl ? "ArrowLeft" : "ArrowRight";
    const backward = rtl ? "ArrowRight" : "ArrowLeft";
    const count = ids.length;
    let step = 0;
    if (event.code === "KeyQ" || event.key === "Tab") step = event.shiftKey ? -1 : 1;
    else if (event.key === forward || event.key === "ArrowDown") step = 1;
    else if (event.key === backward || event.key === "ArrowUp") step = -1;
    else if (event.key === "Enter" || event.key === " ") choose(ids[index]);
    else if (event.key === "Escape") cancel();
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step !== 0 && count > 0) setIndex((index + step + count) % count);
  };

  return (
    <div role="dialog" aria-modal="true" aria-label={t("switchWindow")} className="switcher-scrim">
      <div
        ref={box}
        role="listbox"
        aria-label={t("switchWindow")}
        aria-activedescendant={ids[index] ? `${id}-${index}` : undefined}
        tabIndex={0}
        className="switcher"
        onKeyDown={onKeyDown}
        onClick={event => {
          const option = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-place]") : null;
          if (option) choose(ids[Number(option.dataset.place)]);
        }}
      >
        {ids.length === 0 && <p className="switcher-none">{t("noWindows")}</p>}
        {ids.map((each, place) => {
          const window = windows[each];
          const app = window && appOf(window.app);
          if (!window || !app) return null;
          return (
            <div
              key={each}
              id={`${id}-${place}`}
              role="option"
              tabIndex={-1}
              aria-selected={place === index}
              data-place={place}
              className="switcher-item"
            >
              <AppTile app={app} size={56} />
              <span className="switcher-title">{window.title || appName(t, app)}</span>
              {spaces.length > 1 && (
                <span className="switcher-space">
                  {t("desktopNumber", { number: spaces.indexOf(window.space) + 1 })}
                </span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
