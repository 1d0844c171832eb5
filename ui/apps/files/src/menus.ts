import type { FileClip, Node } from "@webx/sdk";
import type { MenuEntry } from "@webx/ui";
import ClipboardPaste from "lucide-react/icons/clipboard-paste";
import Copy from "lucide-react/icons/copy";
import Download from "lucide-react/icons/download";
import Eye from "lucide-react/icons/eye";
import FilePlus from "lucide-react/icons/file-plus";
import FolderInput from "lucide-react/icons/folder-input";
import FolderOpen from "lucide-react/icons/folder-open";
import FolderPlus from "lucide-react/icons/folder-plus";
import FolderUp from "lucide-react/icons/folder-up";
import History from "lucide-react/icons/history";
import Info from "lucide-react/icons/info";
import Pencil from "lucide-react/icons/pencil";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import Scissors from "lucide-react/icons/scissors";
import SquareStack from "lucide-react/icons/square-stack";
import Trash2 from "lucide-react/icons/trash-2";
import Upload from "lucide-react/icons/upload";
import type { Place } from "./model/place";
import type { T } from "./strings";

/** What a menu can do in a window; each is about the selection it was made with. */
export interface Commands {
  open(): void;
  openInNewWindow(): void;
  preview(): void;
  download(): void;
  cut(): void;
  copy(): void;
  paste(): void;
  duplicate(): void;
  moveTo(): void;
  copyTo(): void;
  rename(): void;
  details(): void;
  restoreTime(): void;
  trash(): void;
  restore(): void;
  purge(): void;
  emptyTrash(): void;
  newFolder(): void;
  newText(): void;
  uploadFiles(): void;
  uploadFolder(): void;
  selectAll(): void;
  showInFolder(): void;
}

export function newEntries(t: T, commands: Commands): MenuEntry[] {
  return [
    { id: "folder", label: t("newFolder"), icon: FolderPlus, keys: "F7", onAction: commands.newFolder },
    { id: "text", label: t("newText"), icon: FilePlus, onAction: commands.newText },
    "separator",
    { id: "files", label: t("uploadFiles"), icon: Upload, onAction: commands.uploadFiles },
    { id: "tree", label: t("uploadFolder"), icon: FolderUp, onAction: commands.uploadFolder },
  ];
}

/** For the free space of a folder. */
export function placeEntries(t: T, place: Place, commands: Commands, clip: FileClip | null): MenuEntry[] {
  if (place.kind === "trash")
    return [{ id: "empty", label: t("emptyTrash"), icon: Trash2, danger: true, onAction: commands.emptyTrash }];
  if (place.kind !== "folder") return [];
  return [
    ...newEntries(t, commands),
    "separator",
    {
      id: "paste",
      label: t("paste"),
      icon: ClipboardPaste,
      keys: "Ctrl+V",
      disabled: clip === null,
      onAction: commands.paste,
    },
    { id: "all", label: t("selectAll"), keys: "Ctrl+A", onAction: commands.selectAll },
    "separator",
    { id: "restoreTime", label: t("restoreTime"), icon: History, onAction: commands.restoreTime },
    { id: "details", label: t("details"), icon: Info, keys: "Alt+Enter", onAction: commands.details },
  ];
}

/** For what is selected. `node` is the entry when it is a single one. */
export function selectionEntries(
  t: T,
  place: Place,
  node: Node | undefined,
  commands: Commands,
  clip: FileClip | null,
): MenuEntry[] {
  const one = node !== undefined;
  const folder = node?.kind === "folder";
  if (place.kind === "trash")
    return [
      { id: "restore", label: t("restore"), icon: RotateCcw, onAction: commands.restore },
      "separator",
      { id: "purge", label: t("purge"), icon: Trash2, danger: true, keys: "Del", onAction: commands.purge },
    ];
  const entries: MenuEntry[] = [];
  if (one) entries.push({ id: "open", label: t("open"), icon: folder ? FolderOpen : Eye, onAction: commands.open });
  if (folder)
    entries.push({ id: "window", label: t("openWindow"), icon: SquareStack, onAction: commands.openInNewWindow });
  if (one && place.kind === "search")
    entries.push({ id: "show", label: t("showInFolder"), icon: FolderOpen, onAction: commands.showInFolder });
  entries.push({
    id: "download",
    label: one && !folder ? t("download") : t("downloadZip"),
    icon: Download,
    onAction: commands.download,
  });
  if (place.kind === "past") return entries;
  entries.push(
    "separator",
    { id: "cut", label: t("cut"), icon: Scissors, keys: "Ctrl+X", onAction: commands.cut },
    { id: "copy", label: t("copy"), icon: Copy, keys: "Ctrl+C", onAction: commands.copy },
  );
  if (folder && clip !== null)
    entries.push({ id: "paste", label: t("pasteInto"), icon: ClipboardPaste, onAction: commands.paste });
  entries.push(
    { id: "duplicate", label: t("duplicate"), icon: SquareStack, onAction: commands.duplicate },
    { id: "moveTo", label: t("moveTo"), icon: FolderInput, onAction: commands.moveTo },
    { id: "copyTo", label: t("copyTo"), icon: FolderInput, onAction: commands.copyTo },
  );
  if (one) entries.push({ id: "rename", label: t("rename"), icon: Pencil, keys: "F2", onAction: commands.rename });
  if (folder)
    entries.push({ id: "restoreTime", label: t("restoreTime"), icon: History, onAction: commands.restoreTime });
  entries.push(
    { id: "details", label: t("details"), icon: Info, keys: "Alt+Enter", onAction: commands.details },
    "separator",
    { id: "trash", label: t("moveToTrash"), icon: Trash2, danger: true, keys: "Del", onAction: commands.trash },
  );
  return entries;
}
