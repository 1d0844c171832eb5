// biome-ignore-all lint/a11y/useSemanticElements: the roles of a table whose rows are virtualised
import type { Node } from "@webx/sdk";
import { cx, FileIcon, Skeleton, useLocale } from "@webx/ui";
import Check from "lucide-react/icons/check";
import { useEffect, useState } from "react";
import { useFiles } from "../context";
import { mediaOf, splitName } from "../model/names";
import { forgetObjectUrl, objectUrl } from "../model/objects";
import type { Place } from "../model/place";
import { type Key, useT } from "../strings";

const THUMBNAIL_LIMIT = 12 * 1024 * 1024;

export type Column = "name" | "modified" | "size" | "kind" | "where";

/** The columns a place has; narrow windows hide the later ones. */
export function columnsOf(place: Place): readonly Column[] {
  switch (place.kind) {
    case "search":
      return ["name", "where", "modified", "size"];
    case "trash":
      return ["name", "where", "modified", "size"];
    default:
      return ["name", "modified", "size", "kind"];
  }
}

/** "Folder", "PNG image", … */
export function useKindName(): (node: Node) => string {
  const t = useT();
  return node => {
    if (node.kind === "folder") return t("kind.folder");
    const ending = splitName(node.name)[1].slice(1).toUpperCase();
    const media = mediaOf(node.name, node.mime);
    if (ending === "" || ending.length > 5) return t(`kind.${media}` as Key);
    return t("kind.named", { ending, media: t(`kind.${media}` as Key) });
  };
}

function dateOf(node: Node, place: Place): Date {
  return new Date(place.kind === "trash" && node.trashed ? node.trashed.at : node.modified);
}

export function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** Row of the details view. */
export function RowCells({ node, place, path }: { node: Node; place: Place; path: string | undefined }) {
  const { format } = useLocale();
  const kindName = useKindName();
  const date = dateOf(node, place);
  return columnsOf(place).map((column, index) => (
    <div
      key={column}
      role="gridcell"
      aria-colindex={index + 1}
      tabIndex={-1}
      className={cx("fx-cell", `fx-cell-${column}`)}
      data-grip={column === "name" ? "" : undefined}
    >
      {column === "name" && (
        <>
          <span className="fx-check" aria-hidden="true" data-check="">
            <Check size={12} strokeWidth={3.5} />
          </span>
          <FileIcon name={node.name} kind={node.kind} size={20} />
          <span className="fx-name" dir="auto" title={node.name}>
            {node.name}
          </span>
        </>
      )}
      {column === "modified" && <span title={format.datetime(date)}>{format.datetime(date)}</span>}
      {column === "size" && <SizeText node={node} />}
      {column === "kind" && <span>{kindName(node)}</span>}
      {column === "where" && (
        <span dir="auto" title={path ?? node.trashed?.fromPath}>
          {folderOf(path ?? node.trashed?.fromPath ?? "/")}
        </span>
      )}
    </div>
  ));
}

function SizeText({ node }: { node: Node }) {
  const { format } = useLocale();
  const t = useT();
  if (node.kind === "file") return <span>{format.bytes(node.size)}</span>;
  return <span>{node.childCount == null ? "" : t("items", { count: node.childCount })}</span>;
}

export function RowSkeleton({ columns }: { columns: readonly Column[] }) {
  return columns.map((column, index) => (
    <div
      key={column}
      role="gridcell"
      aria-colindex={index + 1}
      tabIndex={-1}
      className={cx("fx-cell", `fx-cell-${column}`)}
    >
      <Skeleton width={column === "name" ? "60%" : "70%"} height={12} />
    </div>
  ));
}

/** Tile of the grid view. */
export function Tile({ node }: { node: Node }) {
  const { format } = useLocale();
  const t = useT();
  const detail =
    node.kind === "file"
      ? format.bytes(node.size)
      : node.childCount == null
        ? t("kind.folder")
        : t("items", { count: node.childCount });
  return (
    <>
      <span className="fx-check" aria-hidden="true" data-check="">
        <Check size={12} strokeWidth={3.5} />
      </span>
      <span className="fx-tile-picture" data-grip="">
        <Picture node={node} size={56} />
      </span>
      <span className="fx-tile-name" dir="auto" title={node.name} data-grip="">
        {node.name}
      </span>
      <span className="fx-tile-detail">{detail}</span>
    </>
  );
}

/** A thumbnail where the file is an image of modest size, else its icon. */
export function Picture({ node, size, version }: { node: Node; size: number; version?: number }) {
  const { os } = useFiles();
  const [url, setUrl] = useState<string>();
  const [failed, setFailed] = useState(false);
  const shows =
    node.kind === "file" && node.size > 0 && node.size <= THUMBNAIL_LIMIT && mediaOf(node.name, node.mime) === "image";

  useEffect(() => {
    if (!shows) return;
    let gone = false;
    // A fling through the grid must not ask for every picture it passes.
    const timer = setTimeout(() => {
      objectUrl(os, node, version).then(
        address => {
          if (!gone) setUrl(address);
        },
        () => setFailed(true),
      );
    }, 80);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [os, node, version, shows]);

  if (!shows || url === undefined || failed) return <FileIcon name={node.name} kind={node.kind} size={size} />;
  return (
    <img
      className="fx-thumb"
      src={url}
      alt=""
      loading="lazy"
      decoding="async"
      draggable={false}
      onError={() => {
        forgetObjectUrl(node, version);
        setFailed(true);
      }}
    />
  );
}
