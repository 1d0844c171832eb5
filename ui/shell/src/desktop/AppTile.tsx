import type { IconType } from "@webx/ui";
import Activity from "lucide-react/icons/activity";
import ContactRound from "lucide-react/icons/contact-round";
import FileText from "lucide-react/icons/file-text";
import FolderClosed from "lucide-react/icons/folder-closed";
import ListChecks from "lucide-react/icons/list-checks";
import Server from "lucide-react/icons/server";
import Settings2 from "lucide-react/icons/settings-2";
import Shapes from "lucide-react/icons/shapes";
import ShoppingBag from "lucide-react/icons/shopping-bag";
import Waypoints from "lucide-react/icons/waypoints";
import { useState } from "react";
import { type App, BACKEND, DOCUMENT, WORK } from "./apps";
import "./AppTile.css";

/** What comes with the desktop has an icon and a hue of its own. */
const OWN: Record<string, { icon: IconType; hue: number }> = {
  files: { icon: FolderClosed, hue: 258 },
  settings: { icon: Settings2, hue: 285 },
  activity: { icon: Activity, hue: 170 },
  store: { icon: ShoppingBag, hue: 32 },
  gallery: { icon: Shapes, hue: 330 },
  network: { icon: Waypoints, hue: 225 },
  contacts: { icon: ContactRound, hue: 80 },
  [DOCUMENT]: { icon: FileText, hue: 20 },
  [WORK]: { icon: ListChecks, hue: 145 },
  [BACKEND]: { icon: Server, hue: 215 },
};

/** A hue that belongs to the name. */
function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

/** An app's icon on its coloured tile. */
export function AppTile({ app, size }: { app: App; size: number }) {
  const own = app.info && !app.info.system ? undefined : OWN[app.id];
  const Icon = own?.icon;
  const [broken, setBroken] = useState<string>();
  const shown = app.icon === broken ? undefined : app.icon;
  return (
    <span
      className="tile"
      data-own-icon={(!Icon && shown !== undefined) || undefined}
      style={{
        inlineSize: size,
        blockSize: size,
        borderRadius: size * 0.26,
        fontSize: size * 0.5,
        ["--tile-hue" as string]: own?.hue ?? hueOf(app.info?.app ?? app.name),
      }}
      aria-hidden="true"
    >
      {Icon ? (
        <Icon size={Math.round(size * 0.54)} aria-hidden="true" />
      ) : shown ? (
        <img src={shown} alt="" width={size} height={size} draggable={false} onError={() => setBroken(shown)} />
      ) : (
        <span className="tile-letter">{[...app.name][0]?.toLocaleUpperCase()}</span>
      )}
    </span>
  );
}
