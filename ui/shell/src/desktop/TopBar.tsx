import { IconButton, isLocale, LOCALE_NAMES, LOCALES, Menu, type MenuEntry, useLocale } from "@webx/ui";
import Bell from "lucide-react/icons/bell";
import Contrast from "lucide-react/icons/contrast";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import Moon from "lucide-react/icons/moon";
import Plus from "lucide-react/icons/plus";
import Sun from "lucide-react/icons/sun";
import SunMoon from "lucide-react/icons/sun-moon";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components/Button";
import { DialogTrigger } from "react-aria-components/Dialog";
import { Popover } from "react-aria-components/Popover";
import { useAppearance } from "../appearance";
import { NodeStatus } from "./NodeStatus";
import { useNotifications } from "./notifications";
import { showPanel, togglePanel } from "./panels";
import { changeSettings } from "./settings";
import { keysOf } from "./shortcuts";
import { useText } from "./strings";
import { MAX_SPACES } from "./wm/state";
import { dispatch, useWm } from "./wm/store";
import "./TopBar.css";

export function TopBar({ phone, onLock }: { phone: boolean; onLock: () => void }) {
  const t = useText();
  const count = useNotifications(state => state.items.length);
  return (
    <header className="bar" data-region="bar">
      {!phone && (
        <>
          <button
            type="button"
            className="bar-button bar-brand"
            onClick={() => togglePanel("launcher")}
            aria-label={`WEB X. OS: ${t("openLauncher")}`}
            title={keysOf("launcher")}
          >
            <BrandMark /> <span>WEB X. OS</span>
          </button>
          <Spaces />
        </>
      )}
      {phone && <Clock phone />}
      <span className="bar-space" />
      <Status phone={phone} />
      <ThemeMenu />
      <IconButton
        size="sm"
        noTooltip
        className="bar-icon"
        label={count > 0 ? t("notificationsCount", { count }) : t("notifications")}
        onPress={() => showPanel("notifications")}
      >
        <Bell />
        {count > 0 && (
          <span className="bar-count" aria-hidden="true">
            {count > 9 ? "9+" : count}
          </span>
        )}
      </IconButton>
      <IconButton size="sm" className="bar-icon" label={t("lock")} onPress={onLock}>
        <LockKeyhole />
      </IconButton>
      {!phone && <Clock />}
    </header>
  );
}

function BrandMark() {
  return (
    <svg width="16" height="16" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path d="M9 9l14 14M23 9L9 23" stroke="var(--on-accent)" strokeWidth="4" strokeLinecap="round" />
    </svg>
  );
}

/** The virtual desktops. */
function Spaces() {
  const t = useText();
  const spaces = useWm(state => state.spaces);
  const current = useWm(state => state.current);
  const busy = useWm(state =>
    spaces.map(space => Object.values(state.windows).some(each => each.space === space)).join(),
  );
  const used = busy.split(",");
  return (
    <nav className="spaces" aria-label={t("desktops")}>
      {spaces.map((space, index) => (
        <button
          key={space}
          type="button"
          className="space"
          aria-current={space === current ? "true" : undefined}
          aria-label={t("desktopNumber", { number: index + 1 })}
          data-used={used[index] === "true" || undefined}
          onClick={() => dispatch({ type: "switchSpace", space })}
        >
          {index + 1}
        </button>
      ))}
      <Menu
        label={t("desktops")}
        trigger={
          <Button className="space" aria-label={t("desktopsMenu")}>
            <Plus size={14} aria-hidden="true" />
          </Button>
        }
        items={[
          {
            id: "add",
            label: t("newDesktop"),
            keys: keysOf("newDesktop"),
            disabled: spaces.length >= MAX_SPACES,
            onAction: () => dispatch({ type: "addSpace" }),
          },
          {
            id: "remove",
            label: t("removeDesktop"),
            keys: keysOf("removeDesktop"),
            disabled: spaces.length === 1,
            onAction: () => dispatch({ type: "removeSpace", space: current }),
          },
        ]}
      />
    </nav>
  );
}

function Status({ phone }: { phone: boolean }) {
  const t = useText();
  const online = useNotifications(state => state.online);
  const jobs = useNotifications(state => state.jobs.length);
  const word = !online ? t("statusOffline") : jobs > 0 ? t("statusBusy", { count: jobs }) : t("statusOnline");
  return (
    <DialogTrigger>
      <Button className="bar-button bar-status" data-online={online} aria-label={t("nodeStatus", { status: word })}>
        <span className="bar-dot" aria-hidden="true" />
        {!phone && <span>{word}</span>}
      </Button>
      <Popover className="wx-popover" placement="bottom end" offset={6} aria-label={t("node")}>
        <div className="status-card">
          <NodeStatus />
        </div>
      </Popover>
    </DialogTrigger>
  );
}

function ThemeMenu() {
  const t = useText();
  const { locale } = useLocale();
  const theme = useAppearance(state => state.theme);
  const shown = useAppearance(state => state.shown.name);
  const pick = (name: typeof theme): MenuEntry => ({
    id: name,
    label: t(
      name === "light"
        ? "themeLight"
        : name === "dark"
          ? "themeDark"
          : name === "contrast"
            ? "themeContrast"
            : "themeSystem",
    ),
    icon: name === "light" ? Sun : name === "dark" ? Moon : name === "contrast" ? Contrast : SunMoon,
    checked: theme === name,
    onAction: () => void changeSettings({ theme: name }, t("settingFailed")),
  });
  const Icon = shown === "dark" ? Moon : shown === "contrast" ? Contrast : Sun;
  return (
    <Menu
      label={t("appearance")}
      placement="bottom end"
      trigger={
        <IconButton size="sm" noTooltip className="bar-icon" label={t("appearance")}>
          <Icon />
        </IconButton>
      }
      items={[
        { section: t("theme"), items: [pick("light"), pick("dark"), pick("contrast"), pick("system")] },
        "separator",
        {
          section: t("language"),
          items: LOCALES.map(name => ({
            id: name,
            label: LOCALE_NAMES[name],
            checked: name === locale,
            onAction: () => {
              if (isLocale(name)) void changeSettings({ language: name }, t("settingFailed"));
            },
          })),
        },
      ]}
    />
  );
}

/** Ticks with the minute. */
function Clock({ phone }: { phone?: boolean }) {
  const { format, locale } = useLocale();
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = () => {
      setNow(new Date());
      timer = setTimeout(tick, 60_000 - (Date.now() % 60_000) + 20);
    };
    timer = setTimeout(tick, 60_000 - (Date.now() % 60_000) + 20);
    return () => clearTimeout(timer);
  }, []);
  const day = new Intl.DateTimeFormat(locale, { weekday: "short", day: "numeric", month: "short" }).format(now);
  return (
    <time className="bar-clock" dateTime={now.toISOString().slice(0, 16)}>
      {!phone && <span>{day}</span>}
      <strong>{format.time(now)}</strong>
    </time>
  );
}
