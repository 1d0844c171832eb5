import activity from "@webx/app-activity/manifest.json";
import files from "@webx/app-files/manifest.json";
import settings from "@webx/app-settings/manifest.json";
import type { IconType } from "@webx/ui";
import Activity from "lucide-react/icons/activity";
import FolderClosed from "lucide-react/icons/folder-closed";
import Settings2 from "lucide-react/icons/settings-2";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { Size } from "./wm/geometry";

/** An app the desktop can open. */
export interface App {
  id: string;
  /** The name in the app's manifest; the desktop's catalogue has a translated one for system apps. */
  name: string;
  description: string;
  icon: IconType;
  /** Colours of its tile: the hue in degrees. */
  hue: number;
  size: Size;
  /** One window is enough. */
  single: boolean;
  Content: LazyExoticComponent<ComponentType>;
}

const APPS: readonly App[] = [
  {
    id: files.id,
    name: files.name,
    description: files.description,
    icon: FolderClosed,
    hue: 258,
    size: { w: 980, h: 620 },
    single: false,
    Content: lazy(() => import("@webx/app-files")),
  },
  {
    id: settings.id,
    name: settings.name,
    description: settings.description,
    icon: Settings2,
    hue: 285,
    size: { w: 900, h: 620 },
    single: true,
    Content: lazy(() => import("@webx/app-settings")),
  },
  {
    id: activity.id,
    name: activity.name,
    description: activity.description,
    icon: Activity,
    hue: 170,
    size: { w: 760, h: 560 },
    single: true,
    Content: lazy(() => import("@webx/app-activity")),
  },
];

export const FILES = files.id;
export const SETTINGS = settings.id;

export const apps = (): readonly App[] => APPS;
export const appOf = (id: string): App | undefined => APPS.find(app => app.id === id);
