import { useLoad, useUsage } from "@webx/sdk";
import { cx, FileIcon, Meter, Skeleton } from "@webx/ui";
import HardDrive from "lucide-react/icons/hard-drive";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import Trash2 from "lucide-react/icons/trash-2";
import type { ReactNode } from "react";
import { useFiles } from "../context";
import type { Place } from "../model/place";
import { useT } from "../strings";
import { TRASH, useDropTarget } from "../views/drag";

const FOLDERS = 30;

/** The drive, its first folders, the trash, and how full it is. */
export function Sidebar({ place, onGo }: { place: Place; onGo: (place: Place) => void }) {
  const t = useT();
  const { os, root, revision } = useFiles();
  const folders = useLoad(
    "folders",
    async () => {
      const page = await os.files.list(root.id, { sort: "name", limit: FOLDERS });
      return page.items.filter(node => node.kind === "folder");
    },
    revision,
  );
  const here = place.kind === "folder" || place.kind === "past" ? place.id : undefined;
  const shown = folders.data;

  return (
    // biome-ignore lint/a11y/useSemanticElements: every window has its places; as landmarks they could not be told apart
    <div className="fx-side" role="group" aria-label={t("places")}>
      <div className="fx-side-list">
        <Entry
          target={root.id}
          icon={<HardDrive size={18} />}
          current={here === root.id}
          onPress={() => onGo({ kind: "folder", id: root.id })}
        >
          {t("drive")}
        </Entry>
        <Entry
          target={TRASH}
          icon={<Trash2 size={18} />}
          current={place.kind === "trash"}
          onPress={() => onGo({ kind: "trash" })}
        >
          {t("trash")}
        </Entry>
        {shown === undefined && folders.loading && (
          <div className="fx-side-loading" aria-hidden="true">
            <Skeleton width="70%" />
            <Skeleton width="50%" />
            <Skeleton width="60%" />
          </div>
        )}
        {shown !== undefined && shown.length > 0 && <h2 className="fx-side-title">{t("folders")}</h2>}
        {shown?.map(folder => (
          <Entry
            key={folder.id}
            target={folder.id}
            icon={<FileIcon name={folder.name} kind="folder" size={18} />}
            current={here === folder.id}
            onPress={() => onGo({ kind: "folder", id: folder.id })}
          >
            {folder.name}
          </Entry>
        ))}
      </div>
      <Storage />
    </div>
  );
}

function Entry({
  target,
  icon,
  current,
  onPress,
  children,
}: {
  target?: string;
  icon: ReactNode;
  current: boolean;
  onPress: () => void;
  children: ReactNode;
}) {
  const drop = useDropTarget(() => target);
  return (
    <button
      type="button"
      className={cx("fx-side-entry", current && "fx-side-here", drop.over !== undefined && "fx-over")}
      aria-current={current ? "page" : undefined}
      onClick={onPress}
      {...(target === undefined ? {} : drop.handlers)}
    >
      <span className="fx-side-icon" aria-hidden="true">
        {icon}
      </span>
      <span className="fx-side-name" dir="auto">
        {children}
      </span>
    </button>
  );
}

function Storage() {
  const t = useT();
  const { data } = useUsage();
  return (
    <div className="fx-storage">
      {data === undefined ? (
        <Skeleton width="100%" height={8} />
      ) : (
        <>
          <p className="fx-storage-line">
            <span>
              {data.quota
                ? t("storageOf", { used: data.stored, quota: data.quota })
                : t("storageUsed", { used: data.stored })}
            </span>
          </p>
          {data.quota ? <Meter label={t("storage")} hideLabel value={data.stored} max={data.quota} /> : null}
        </>
      )}
      <p className="fx-private">
        <LockKeyhole size={13} aria-hidden="true" />
        {t("onlyYouShort")}
      </p>
    </div>
  );
}
