import type { MenuEntry } from "@webx/ui";
import ArrowDownRight from "lucide-react/icons/arrow-down-right";
import Columns2 from "lucide-react/icons/columns-2";
import Grid2x2 from "lucide-react/icons/grid-2x2";
import Maximize from "lucide-react/icons/maximize";
import Minimize2 from "lucide-react/icons/minimize-2";
import Minus from "lucide-react/icons/minus";
import Move from "lucide-react/icons/move";
import PanelsTopLeft from "lucide-react/icons/panels-top-left";
import X from "lucide-react/icons/x";
import { appMenu } from "./appMenu";
import type { App } from "./apps";
import { closeWindow } from "./busy";
import { keysOf } from "./shortcuts";
import type { Text } from "./strings";
import type { Zone } from "./wm/geometry";
import { MAX_SPACES, type WindowState } from "./wm/state";
import { dispatch, startMode, useWm } from "./wm/store";

const ZONE_TEXT = {
  left: "snapLeft",
  right: "snapRight",
  top: "snapTop",
  bottom: "snapBottom",
  "top-left": "snapTopLeft",
  "top-right": "snapTopRight",
  "bottom-left": "snapBottomLeft",
  "bottom-right": "snapBottomRight",
} as const satisfies Record<Exclude<Zone, "max">, string>;

/** Everything that can be done with a window, without a drag. */
export function windowMenu(window: WindowState, app: App, t: Text): MenuEntry[] {
  const { spaces } = useWm.getState();
  const id = window.id;
  return [
    {
      id: "maximise",
      label: window.zone === "max" ? t("restore") : t("maximise"),
      icon: window.zone === "max" ? Minimize2 : Maximize,
      keys: keysOf("maximise"),
      onAction: () => dispatch({ type: "maximise", id }),
    },
    {
      id: "minimise",
      label: t("minimise"),
      icon: Minus,
      keys: keysOf("minimise"),
      onAction: () => dispatch({ type: "minimise", id }),
    },
    { id: "move", label: t("move"), icon: Move, keys: keysOf("move"), onAction: () => startMode(id, "move") },
    {
      id: "resize",
      label: t("resize"),
      icon: ArrowDownRight,
      keys: keysOf("resize"),
      onAction: () => startMode(id, "resize"),
    },
    {
      id: "snap",
      label: t("snap"),
      icon: Columns2,
      items: [
        ...(Object.keys(ZONE_TEXT) as Array<keyof typeof ZONE_TEXT>).map(zone => ({
          id: zone,
          label: t(ZONE_TEXT[zone]),
          checked: window.zone === zone,
          onAction: () => dispatch({ type: "snap", id, zone }),
        })),
        "separator",
        {
          id: "free",
          label: t("snapFree"),
          disabled: window.zone === null,
          onAction: () => dispatch({ type: "snap", id, zone: null }),
        },
      ],
    },
    {
      id: "send",
      label: t("moveToDesktop"),
      icon: PanelsTopLeft,
      items: [
        ...spaces.map((space, index) => ({
          id: space,
          label: t("desktopNumber", { number: index + 1 }),
          checked: window.space === space,
          disabled: window.space === space,
          onAction: () => dispatch({ type: "sendTo", id, space, follow: false }),
        })),
        {
          id: "new",
          label: t("newDesktop"),
          disabled: spaces.length >= MAX_SPACES,
          onAction: () => {
            dispatch({ type: "addSpace" });
            dispatch({ type: "sendTo", id, space: useWm.getState().current, follow: true });
          },
        },
      ],
    },
    {
      id: "tile",
      label: t("tileAll"),
      icon: Grid2x2,
      keys: keysOf("tile"),
      onAction: () => dispatch({ type: "tile" }),
    },
    ...appMenu(app, t),
    "separator",
    {
      id: "close",
      label: t("closeWindow"),
      icon: X,
      keys: keysOf("close"),
      danger: true,
      onAction: () => void closeWindow(id),
    },
  ];
}
