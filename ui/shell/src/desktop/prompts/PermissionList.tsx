import type { PermissionState } from "@webx/sdk";
import { Checkbox, type IconType, useLocale } from "@webx/ui";
import Bell from "lucide-react/icons/bell";
import CircleHelp from "lucide-react/icons/circle-help";
import Clipboard from "lucide-react/icons/clipboard";
import Cpu from "lucide-react/icons/cpu";
import Database from "lucide-react/icons/database";
import FolderOpen from "lucide-react/icons/folder-open";
import Globe from "lucide-react/icons/globe";
import Mail from "lucide-react/icons/mail";
import Monitor from "lucide-react/icons/monitor";
import TerminalSquare from "lucide-react/icons/square-terminal";
import UserRound from "lucide-react/icons/user-round";
import Wallet from "lucide-react/icons/wallet";
import Workflow from "lucide-react/icons/workflow";
import { type AskText, useAskText } from "./strings";

interface Words {
  icon: IconType;
  title: string;
  /** What it allows, in plain words. */
  about: string;
}

/** What a permission allows, as a person would say it. */
export function wordsFor(t: AskText, { permission }: PermissionState, list: (items: string[]) => string): Words {
  switch (permission.kind) {
    case "network":
      return { icon: Globe, title: t("network", { hosts: list(permission.hosts) }), about: t("networkAbout") };
    case "storage":
      if (permission.access === "own") return { icon: Database, title: t("storageOwn"), about: t("storageOwnAbout") };
      return permission.mode === "write"
        ? { icon: FolderOpen, title: t("pickWrite"), about: t("pickWriteAbout") }
        : { icon: FolderOpen, title: t("pickRead"), about: t("pickReadAbout") };
    case "identity":
      return {
        icon: UserRound,
        title: permission.claims.includes("did-auth") ? t("identityAuth") : t("identityName"),
        about: permission.claims.includes("did-auth") ? t("identityAuthAbout") : t("identityNameAbout"),
      };
    case "messages":
      return { icon: Mail, title: t("messages"), about: t("messagesAbout") };
    case "notify":
      return { icon: Bell, title: t("notify"), about: t("notifyAbout") };
    case "compute":
      return { icon: Cpu, title: t("compute"), about: t("computeAbout") };
    case "wallet":
      return { icon: Wallet, title: t("wallet"), about: t("walletAbout") };
    case "native-code":
      return { icon: TerminalSquare, title: t("nativeCode"), about: t("nativeCodeAbout") };
    case "clipboard":
      return { icon: Clipboard, title: t("clipboard"), about: t("clipboardAbout") };
    case "services":
      return { icon: Workflow, title: t("services", { apps: list(permission.apps) }), about: t("servicesAbout") };
    case "system":
      return { icon: Monitor, title: t("system", { areas: list(permission.areas) }), about: t("systemAbout") };
    case "other":
      return { icon: CircleHelp, title: permission.name, about: t("otherAbout") };
  }
}

interface Props {
  label: string;
  permissions: readonly PermissionState[];
  /** Keys that are ticked; without it nothing can be chosen. */
  chosen?: ReadonlySet<string>;
  onChange?: (chosen: ReadonlySet<string>) => void;
}

/** Permissions with the publisher's reasons. The reason is the publisher's word and stands as a quotation. */
export function PermissionList({ label, permissions, chosen, onChange }: Props) {
  const t = useAskText();
  const { format } = useLocale();
  return (
    <ul className="ask-permissions" aria-label={label}>
      {permissions.map(each => {
        const { icon: Icon, title, about } = wordsFor(t, each, items => format.list(items));
        const text = (
          <span className="ask-permission-text">
            <strong dir="auto">{title}</strong>
            <span>{about}</span>
            <q dir="auto">{each.permission.reason}</q>
          </span>
        );
        return (
          <li key={each.key} className="ask-permission">
            <Icon size={20} aria-hidden="true" />
            {chosen && onChange ? (
              <Checkbox
                isSelected={chosen.has(each.key)}
                onChange={on => {
                  const next = new Set(chosen);
                  if (on) next.add(each.key);
                  else next.delete(each.key);
                  onChange(next);
                }}
              >
                {text}
              </Checkbox>
            ) : (
              text
            )}
          </li>
        );
      })}
    </ul>
  );
}
