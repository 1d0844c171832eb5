// biome-ignore-all lint/a11y/useSemanticElements: a table or a list of options cannot be virtualised; the roles say the same
// biome-ignore-all lint/a11y/useAriaPropsSupportedByRole: the role is chosen by the layout
import type { Node } from "@webx/sdk";
import { cx } from "@webx/ui";
import { memo } from "react";
import type { Place } from "../model/place";
import { columnsOf, RowCells, RowSkeleton, Tile } from "./cells";

export interface EntryProps {
  id: string;
  /** Undefined while it is loaded. */
  node: Node | undefined;
  index: number;
  total: number;
  list: boolean;
  place: Place;
  path: string | undefined;
  chosen: boolean;
  cursor: boolean;
  cut: boolean;
  /** Something is held over it. */
  over: boolean;
  x: number;
  y: number;
  /** Undefined: as wide as the list. */
  width: number | undefined;
  height: number;
}

/** A row or a tile. Drawn again only when something about it changed, so that scrolling draws only what comes. */
export const Entry = memo(function Entry(props: EntryProps) {
  const { node, index, total, list, place, chosen } = props;
  const past = place.kind === "past" || place.kind === "trash";
  return (
    <div
      id={props.id}
      role={list ? "row" : "option"}
      {...(list ? { "aria-rowindex": index + 2 } : { "aria-posinset": index + 1, "aria-setsize": total })}
      aria-selected={chosen}
      aria-busy={node === undefined || undefined}
      tabIndex={-1}
      data-index={index}
      data-folder={node?.kind === "folder" && !past ? node.id : undefined}
      draggable={node !== undefined && !past}
      className={cx(
        list ? "fx-row" : "fx-tile",
        chosen && "fx-chosen",
        props.cursor && "fx-cursor",
        props.cut && "fx-cut",
        props.over && "fx-over",
      )}
      style={{
        transform: `translate(${props.x}px, ${props.y}px)`,
        inlineSize: props.width ?? "100%",
        blockSize: props.height,
      }}
    >
      {node === undefined && list && <RowSkeleton columns={columnsOf(place)} />}
      {node === undefined && !list && <span className="fx-tile-loading" />}
      {node !== undefined && list && <RowCells node={node} place={place} path={props.path} />}
      {node !== undefined && !list && <Tile node={node} />}
    </div>
  );
});
