import { useSharedTexts } from "@webx/app-shared";
import { useLaunch } from "@webx/sdk";
import { Tabs } from "@webx/ui";
import HardDrive from "lucide-react/icons/hard-drive";
import Info from "lucide-react/icons/info";
import LayoutGrid from "lucide-react/icons/layout-grid";
import ListChecks from "lucide-react/icons/list-checks";
import MonitorSmartphone from "lucide-react/icons/monitor-smartphone";
import Palette from "lucide-react/icons/palette";
import ShieldCheck from "lucide-react/icons/shield-check";
import UserRound from "lucide-react/icons/user-round";
import UsersRound from "lucide-react/icons/users-round";
import { useEffect, useMemo, useRef, useState } from "react";
import { About } from "./pages/About";
import { Appearance } from "./pages/Appearance";
import { Apps } from "./pages/Apps";
import { Devices } from "./pages/Devices";
import { Identity } from "./pages/Identity";
import { Recovery } from "./pages/Recovery";
import { Security } from "./pages/Security";
import { Storage } from "./pages/Storage";
import { Work } from "./pages/Work";
import "./settings.css";
import { useT } from "./strings";
import { useWidth } from "./useWidth";

const PAGES = [
  "identity",
  "recovery",
  "devices",
  "security",
  "appearance",
  "apps",
  "storage",
  "work",
  "about",
] as const;
type Page = (typeof PAGES)[number];

/** Below this width the pages stand above the content instead of beside it. */
const NARROW = 640;

/** The page a link asks for: `windows.open("settings", { page: "storage" })`. */
export function pageOf(args: unknown): Page | undefined {
  const wanted = typeof args === "object" && args !== null && "page" in args ? args.page : undefined;
  return PAGES.find(page => page === wanted);
}

/** The app a link asks for: `windows.open("settings", { page: "apps", install: "…" })`. */
function installOf(args: unknown): { install: string } | undefined {
  const wanted = typeof args === "object" && args !== null && "install" in args ? args.install : undefined;
  return typeof wanted === "string" ? { install: wanted } : undefined;
}

export default function App() {
  const t = useT();
  useSharedTexts();
  const launch = useLaunch();
  const [page, setPage] = useState<Page>(() => pageOf(launch.args) ?? "identity");
  useEffect(() => {
    const wanted = pageOf(launch.args);
    if (wanted) setPage(wanted);
  }, [launch]);
  const wantedApp = useMemo(() => installOf(launch.args), [launch]);
  const root = useRef<HTMLDivElement>(null);
  const narrow = useWidth(root) < NARROW;
  return (
    <div ref={root} className="set">
      <Tabs
        label={t("pages")}
        className="set-tabs"
        orientation={narrow ? "horizontal" : "vertical"}
        value={page}
        onChange={setPage}
        items={[
          { id: "identity", label: t("identity"), icon: <UserRound aria-hidden="true" />, content: <Identity /> },
          {
            id: "recovery",
            label: t("guardiansPage"),
            icon: <UsersRound aria-hidden="true" />,
            content: <Recovery />,
          },
          {
            id: "devices",
            label: t("devices"),
            icon: <MonitorSmartphone aria-hidden="true" />,
            content: <Devices />,
          },
          { id: "security", label: t("security"), icon: <ShieldCheck aria-hidden="true" />, content: <Security /> },
          { id: "appearance", label: t("appearance"), icon: <Palette aria-hidden="true" />, content: <Appearance /> },
          {
            id: "apps",
            label: t("apps"),
            icon: <LayoutGrid aria-hidden="true" />,
            content: <Apps wanted={wantedApp} />,
          },
          { id: "storage", label: t("storage"), icon: <HardDrive aria-hidden="true" />, content: <Storage /> },
          { id: "work", label: t("work"), icon: <ListChecks aria-hidden="true" />, content: <Work /> },
          { id: "about", label: t("about"), icon: <Info aria-hidden="true" />, content: <About /> },
        ]}
      />
    </div>
  );
}
