import { IconButton, Menu, type MenuEntry } from "@webx/ui";
import Download from "lucide-react/icons/download";
import Ellipsis from "lucide-react/icons/ellipsis";
import FolderInput from "lucide-react/icons/folder-input";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import Trash2 from "lucide-react/icons/trash-2";
import type { Commands } from "../menus";
import type { Place } from "../model/place";
import { useT } from "../strings";

/** The line below: how many entries, how many selected, and what can be done with those. */
export function Status({
  count,
  total,
  size,
  place,
  commands,
  menu,
}: {
  count: number;
  total: number | undefined;
  size: number | undefined;
  place: Place;
  commands: Commands;
  menu: () => MenuEntry[];
}) {
  const t = useT();
  if (total === undefined) return <div className="fx-status" />;
  const text =
    count === 0
      ? t(place.kind === "search" ? "found" : "items", { count: total })
      : size === undefined || size === 0
        ? t("selectedOf", { count, total })
        : t("selectedSize", { count, total, size });
  return (
    <div className="fx-status">
      <span role="status" className="fx-grow">
        {text}
      </span>
      {count > 0 && (
        <div className="fx-status-actions" role="toolbar" aria-label={t("actions")}>
          {place.kind === "trash" ? (
            <IconButton size="sm" label={t("restore")} onPress={commands.restore}>
              <RotateCcw />
            </IconButton>
          ) : (
            <IconButton size="sm" label={t("download")} onPress={commands.download}>
              <Download />
            </IconButton>
          )}
          {(place.kind === "folder" || place.kind === "search") && (
            <IconButton size="sm" label={t("moveTo")} onPress={commands.moveTo}>
              <FolderInput />
            </IconButton>
          )}
          {place.kind !== "past" && (
            <IconButton
              size="sm"
              label={place.kind === "trash" ? t("purge") : t("moveToTrash")}
              onPress={place.kind === "trash" ? commands.purge : commands.trash}
            >
              <Trash2 />
            </IconButton>
          )}
          <Menu
            label={t("moreActions")}
            placement="top end"
            trigger={
              <IconButton size="sm" label={t("moreActions")}>
                <Ellipsis />
              </IconButton>
            }
            items={menu()}
          />
        </div>
      )}
    </div>
  );
}
