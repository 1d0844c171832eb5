import type { Node } from "@webx/sdk";
import { Button, ContextMenu, EmptyState, ErrorState, Notice, SkeletonList } from "@webx/ui";
import FolderOpen from "lucide-react/icons/folder-open";
import FolderPlus from "lucide-react/icons/folder-plus";
import History from "lucide-react/icons/history";
import Search from "lucide-react/icons/search";
import Trash2 from "lucide-react/icons/trash-2";
import Upload from "lucide-react/icons/upload";
import { useEffect, useSyncExternalStore } from "react";
import { useFiles } from "./context";
import { type Commands, placeEntries } from "./menus";
import { explain } from "./model/actions";
import type { Listing } from "./model/listing";
import type { Place } from "./model/place";
import { useT } from "./strings";
import { useDropTarget } from "./views/drag";
import { Items, type ItemsProps } from "./views/Items";

/** The entries of a place in its four states. */
export function Main({
  listing,
  place,
  here,
  commands,
  items,
}: {
  listing: Listing;
  place: Place;
  here: Node;
  commands: Commands;
  items: ItemsProps;
}) {
  const t = useT();
  const { go } = useFiles();
  useSyncExternalStore(listing.subscribe, listing.getVersion);
  useEffect(() => {
    if (listing.total === undefined) listing.want(0, 1);
  }, [listing]);

  if (listing.total === undefined) {
    if (listing.problem === undefined)
      return (
        <div className="fx-loading">
          <SkeletonList rows={10} height={28} />
        </div>
      );
    return (
      <ErrorState title={t("listFailed")} onRetry={() => listing.refresh()}>
        {explain(t, listing.problem)}
      </ErrorState>
    );
  }
  return (
    <>
      {place.kind === "past" && (
        <Notice
          icon={<History size={18} />}
          action={
            <div className="fx-past-actions">
              <Button size="sm" onPress={() => go({ kind: "folder", id: place.id })}>
                {t("backToNow")}
              </Button>
              <Button size="sm" variant="primary" onPress={commands.restoreTime}>
                {t("restoreHere")}
              </Button>
            </div>
          }
        >
          {t("lookingAt", { at: new Date(place.at) })}
        </Notice>
      )}
      {place.kind === "trash" && listing.total > 0 && <Notice icon={<Trash2 size={18} />}>{t("trashText")}</Notice>}
      {listing.problem !== undefined && (
        <Notice
          level="error"
          action={
            <Button size="sm" onPress={() => listing.refresh()}>
              {t("tryAgain")}
            </Button>
          }
        >
          {explain(t, listing.problem)}
        </Notice>
      )}
      {listing.total === 0 ? <Empty place={place} here={here} commands={commands} /> : <Items {...items} />}
    </>
  );
}

function Empty({ place, here, commands }: { place: Place; here: Node; commands: Commands }) {
  const t = useT();
  const { nameOf } = useFiles();
  const drop = useDropTarget(() => (place.kind === "folder" ? place.id : undefined));
  if (place.kind === "trash")
    return (
      <EmptyState icon={<Trash2 />} title={t("trashEmpty")}>
        {t("trashEmptyText")}
      </EmptyState>
    );
  if (place.kind === "search")
    return (
      <EmptyState icon={<Search />} title={t("nothingFound", { query: place.query })}>
        {t("nothingFoundText")}
      </EmptyState>
    );
  if (place.kind === "past")
    return (
      <EmptyState icon={<History />} title={t("emptyThen")}>
        {t("emptyThenText")}
      </EmptyState>
    );
  return (
    <ContextMenu label={t("actions")} className="fx-items-area" items={() => placeEntries(t, place, commands, null)}>
      <div className={drop.over === undefined ? "fx-empty" : "fx-empty fx-scroll-over"} {...drop.handlers}>
        <EmptyState
          icon={<FolderOpen />}
          title={t("emptyFolder", { name: nameOf(here) })}
          action={
            <div className="fx-state-actions">
              <Button variant="primary" icon={<Upload />} onPress={commands.uploadFiles}>
                {t("uploadFiles")}
              </Button>
              <Button icon={<FolderPlus />} onPress={commands.newFolder}>
                {t("newFolder")}
              </Button>
            </div>
          }
        >
          {t("emptyFolderText")}
        </EmptyState>
      </div>
    </ContextMenu>
  );
}
