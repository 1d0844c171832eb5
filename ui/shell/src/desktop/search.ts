import type { IconType } from "@webx/ui";
import HardDrive from "lucide-react/icons/hard-drive";
import Info from "lucide-react/icons/info";
import Palette from "lucide-react/icons/palette";
import ShieldCheck from "lucide-react/icons/shield-check";
import UserRound from "lucide-react/icons/user-round";
import type { Text } from "./strings";

/** Lower case without accents, so that "uber" finds "Über". */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

/** Whether every word of the query begins a word of the text. Better matches have lower numbers; -1 is none. */
export function score(query: string, text: string): number {
  const wanted = fold(query).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return 0;
  const words = fold(text).split(/[\s\-_.,/()]+/);
  let total = 0;
  for (const word of wanted) {
    const at = words.findIndex(each => each.startsWith(word));
    if (at < 0) return -1;
    total += at;
  }
  return total;
}

/** Best first; texts that do not match are left out. */
export function best<T>(query: string, items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .map(item => ({ item, rank: score(query, textOf(item)) }))
    .filter(each => each.rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(each => each.item);
}

export interface SettingsPage {
  id: string;
  icon: IconType;
  label: string;
  /** Other words a person may look for. */
  words: string;
}

export function settingsPages(t: Text): SettingsPage[] {
  return [
    { id: "identity", icon: UserRound, label: t("pageIdentity"), words: t("pageIdentityWords") },
    { id: "security", icon: ShieldCheck, label: t("pageSecurity"), words: t("pageSecurityWords") },
    { id: "appearance", icon: Palette, label: t("pageAppearance"), words: t("pageAppearanceWords") },
    { id: "storage", icon: HardDrive, label: t("pageStorage"), words: t("pageStorageWords") },
    { id: "about", icon: Info, label: t("pageAbout"), words: t("pageAboutWords") },
  ];
}
