import type { Permission, PermissionState } from "@webx/sdk";
import { Badge, type IconType, Switch, useLocale } from "@webx/ui";
import Bell from "lucide-react/icons/bell";
import CircleHelp from "lucide-react/icons/circle-help";
import Clipboard from "lucide-react/icons/clipboard";
import Cpu from "lucide-react/icons/cpu";
import Database from "lucide-react/icons/database";
import FolderOpen from "lucide-react/icons/folder-open";
import Globe from "lucide-react/icons/globe";
import Mail from "lucide-react/icons/mail";
import Monitor from "lucide-react/icons/monitor";
import SquareTerminal from "lucide-react/icons/square-terminal";
import UserRound from "lucide-react/icons/user-round";
import Wallet from "lucide-react/icons/wallet";
import Workflow from "lucide-react/icons/workflow";
import { type T, useT } from "./strings";
import "./shared.css";

interface Words {
  icon: IconType;
  title: string;
  /** What it allows, in plain words. */
  about: string;
}

const AREAS = [
  "drive",
  "settings",
  "identity",
  "security",
  "activity",
  "jobs",
  "webdav",
  "apps",
  "store",
  "sagas",
  "network",
  "contacts",
] as const;

function areaName(t: T, area: string): string {
  const known = AREAS.find(each => each === area);
  return known === undefined ? area : t(`area_${known}`);
}

/** What a permission allows, as a person would say it. */
export function wordsFor(t: T, permission: Permission, list: (items: string[]) => string): Words {
  switch (permission.kind) {
    case "network":
      return { icon: Globe, title: t("network", { hosts: list(permission.hosts) }), about: t("networkAbout") };
    case "storage":
      if (permission.access === "own") return { icon: Database, title: t("storageOwn"), about: t("storageOwnAbout") };
      return permission.mode === "write"
        ? { icon: FolderOpen, title: t("pickWrite"), about: t("pickWriteAbout") }
        : { icon: FolderOpen, title: t("pickRead"), about: t("pickReadAbout") };
    case "identity":
      return permission.claims.includes("did-auth")
        ? { icon: UserRound, title: t("identityAuth"), about: t("identityAuthAbout") }
        : { icon: UserRound, title: t("identityName"), about: t("identityNameAbout") };
    case "messages":
      return { icon: Mail, title: t("messages"), about: t("messagesAbout") };
    case "notify":
      return { icon: Bell, title: t("notify"), about: t("notifyAbout") };
    case "compute":
      return { icon: Cpu, title: t("compute"), about: t("computeAbout") };
    case "wallet":
      return { icon: Wallet, title: t("wallet"), about: t("walletAbout") };
    case "native-code":
      return { icon: SquareTerminal, title: t("nativeCode"), about: t("nativeCodeAbout") };
    case "clipboard":
      return { icon: Clipboard, title: t("clipboard"), about: t("clipboardAbout") };
    case "services":
      return { icon: Workflow, title: t("services", { apps: list(permission.apps) }), about: t("servicesAbout") };
    case "system":
      return {
        icon: Monitor,
        title: t("system", { areas: list(permission.areas.map(area => areaName(t, area))) }),
        about: t("systemAbout"),
      };
    case "other":
      return { icon: CircleHelp, title: permission.name, about: t("otherAbout") };
  }
}

/** Permissions, each with what it allows and the publisher's reason, and with a switch where it can be changed. */
export function Permissions({
  label,
  permissions,
  onChange,
}: {
  label: string;
  permissions: readonly PermissionState[];
  onChange?: (key: string, granted: boolean) => void;
}) {
  const t = useT();
  const { format } = useLocale();
  return (
    <ul className="app-permissions" aria-label={label}>
      {permissions.map(({ key, permission, required, granted }) => {
        const { icon: Icon, title, about } = wordsFor(t, permission, items => format.list(items));
        const text = (
          <span className="app-permission-text">
            <span className="app-permission-title" dir="auto">
              {title} {!required && <Badge>{t("optional")}</Badge>}
            </span>
            <small>{about}</small>
            <q dir="auto">{permission.reason}</q>
          </span>
        );
        return (
          <li key={key}>
            <Icon size={20} aria-hidden="true" />
            {onChange ? (
              <Switch wide isSelected={granted} onChange={on => onChange(key, on)}>
                {text}
              </Switch>
            ) : (
              text
            )}
          </li>
        );
      })}
    </ul>
  );
}
