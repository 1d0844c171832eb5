// biome-ignore-all lint/a11y/useSemanticElements: a table or a list of options cannot be virtualised; the roles say the same
import type { Node, NodeId } from "@webx/sdk";
import { ContextMenu, cx, type MenuEntry, useLocale } from "@webx/ui";
import {
  type DragEvent,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useImperativeHandle,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import { cellBox, contentHeight, gridGeometry, listGeometry, moved, touched, visibleRange } from "../model/geometry";
import type { Listing } from "../model/listing";
import type { Sort } from "../model/place";
import type { Selection } from "../model/selection";
import * as selecting from "../model/selection";
import { useT } from "../strings";
import { columnsOf } from "./cells";
import { endDrag, startDrag, useDropTarget } from "./drag";
import { Entry } from "./Entry";
import { HEADER_HEIGHT, Header } from "./Header";
import { RenameField } from "./RenameField";
import { useMarquee } from "./useMarquee";
import { useSize, useVisible } from "./useVisible";

const OVERSCAN = 6;
const TYPE_PAUSE = 800;

export interface ItemsHandle {
  focus: () => void;
  reveal: (index: number) => void;
}

export interface ItemsProps {
  listing: Listing;
  layout: "list" | "grid";
  label: string;
  touch: boolean;
  selection: Selection;
  onSelection: (selection: Selection) => void;
  /** The entry the keyboard is at; -1 before the first key. */
  cursor: number;
  onCursor: (index: number) => void;
  onSort: (sort: Sort) => void;
  onOpen: (node: Node) => void;
  onPreview: (node: Node) => void;
  /** Keys that neither move nor select. Returns whether it took the key. */
  onKey: (event: KeyboardEvent) => boolean;
  /** What a menu offers for the entry under the pointer, or for the free space. */
  menuFor: (selection: Selection, node: Node | undefined) => MenuEntry[];
  cut: ReadonlySet<NodeId>;
  renaming: NodeId | undefined;
  onRenamed: (node: Node, name: string | undefined) => void;
  /** Where things dropped on the free space go. */
  target: NodeId | undefined;
  handle: React.Ref<ItemsHandle>;
  /** Whether the focus was here before the place changed. */
  focusAtOnce: React.RefObject<boolean>;
}

/** The entries of a listing as rows or tiles. Only those in sight are in the document. */
export function Items(props: ItemsProps) {
  const { listing, layout, selection, cursor, onSelection, onCursor } = props;
  const t = useT();
  const { dir } = useLocale();
  useSyncExternalStore(listing.subscribe, listing.getVersion);
  const total = listing.total ?? 0;
  const list = layout === "list";

  const prefix = useId();
  const idOf = (index: number) => `${prefix}-${index}`;

  const scroller = useRef<HTMLDivElement>(null);
  const items = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(scroller);
  const geometry = useMemo(
    () =>
      list
        ? listGeometry(width, props.touch ? 52 : 36)
        : gridGeometry(width, width < 420 ? 104 : 124, width < 420 ? 132 : 140, 12),
    [list, width, props.touch],
  );
  const above = list ? HEADER_HEIGHT : 0;
  const rangeAt = useCallback(
    (top: number, seen: number) => visibleRange(geometry, total, Math.max(0, top - above), seen, OVERSCAN),
    [geometry, total, above],
  );
  const [first, last] = useVisible(scroller, rangeAt);
  useEffect(() => listing.want(first, Math.max(last, first + 1)), [listing, first, last]);

  const reveal = useCallback(
    (index: number) => {
      const area = scroller.current;
      if (area === null || index < 0) return;
      const box = cellBox(geometry, index);
      if (box.top < area.scrollTop) area.scrollTop = box.top - geometry.padding;
      else if (box.bottom + above > area.scrollTop + area.clientHeight)
        area.scrollTop = box.bottom + above + geometry.padding - area.clientHeight;
    },
    [geometry, above],
  );
  useImperativeHandle(props.handle, () => ({ focus: () => items.current?.focus({ preventScroll: true }), reveal }), [
    reveal,
  ]);

  const { focusAtOnce } = props;
  useEffect(() => {
    if (focusAtOnce.current) items.current?.focus({ preventScroll: true });
  }, [focusAtOnce]);

  // A fixed end for Shift, and what was selected when a rubber band began.
  const anchor = useRef(0);
  const beforeBand = useRef<Selection>(selecting.NOTHING);
  const pick = useCallback(
    async (index: number, how: "only" | "toggle" | "range") => {
      onCursor(index);
      if (how === "range") {
        const [from, to] = anchor.current < index ? [anchor.current, index] : [index, anchor.current];
        const nodes = await listing.range(from, to + 1).catch(() => []);
        onSelection(selecting.only(nodes));
        return;
      }
      anchor.current = index;
      const node = listing.at(index) ?? (await listing.range(index, index + 1).catch(() => []))[0];
      if (node === undefined) return;
      onSelection(how === "toggle" ? selecting.toggle(selection, node) : selecting.only([node]));
    },
    [listing, onCursor, onSelection, selection],
  );

  const marquee = useMarquee(scroller, content, (band, began) => {
    if (began) beforeBand.current = selection;
    const nodes: Node[] = [];
    for (const index of touched(geometry, total, band)) {
      const node = listing.at(index);
      if (node !== undefined) nodes.push(node);
    }
    onSelection(beforeBand.current.nodes.size > 0 ? selecting.add(beforeBand.current, nodes) : selecting.only(nodes));
  });

  const indexAt = (element: EventTarget | null): number | undefined => {
    const cell = element instanceof Element ? element.closest<HTMLElement>("[data-index]") : null;
    return cell === null ? undefined : Number(cell.dataset.index);
  };
  const onGrip = (element: EventTarget | null) => element instanceof Element && element.closest("[data-grip]") !== null;
  const onCheck = (element: EventTarget | null) =>
    element instanceof Element && element.closest("[data-check]") !== null;
  const touching = useRef(false);
  const pressedFree = useRef(false);
  const byKey = useRef(false);

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    touching.current = event.pointerType !== "mouse";
    byKey.current = false;
    const index = indexAt(event.target);
    const node = index === undefined ? undefined : listing.at(index);
    const chosen = node !== undefined && selecting.has(selection, node.id);
    if (event.button === 0 && !touching.current) {
      const plain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
      const free = index === undefined || (!onGrip(event.target) && !chosen);
      pressedFree.current = free;
      if (index !== undefined && plain && !chosen && !onCheck(event.target)) void pick(index, "only");
      if (index === undefined && plain && event.target instanceof Element && !event.target.closest("button, input"))
        onSelection(selecting.NOTHING);
      if (free && event.target instanceof Element && !event.target.closest("button, input, [data-check]")) {
        if (!plain) beforeBand.current = selection;
        marquee.onPointerDown(event);
      }
    }
    if (event.button === 2 && index !== undefined && !chosen) void pick(index, "only");
  };

  const onClick = (event: MouseEvent<HTMLDivElement>) => {
    const index = indexAt(event.target);
    if (index === undefined) return;
    items.current?.focus({ preventScroll: true });
    const node = listing.at(index);
    if (onCheck(event.target) || event.ctrlKey || event.metaKey) return void pick(index, "toggle");
    if (event.shiftKey) return void pick(index, "range");
    if (touching.current) {
      if (selecting.count(selection, total) > 0) return void pick(index, "toggle");
      if (node !== undefined) props.onOpen(node);
      return;
    }
    if (selection.all || selection.nodes.size > 1) void pick(index, "only");
  };

  const onDoubleClick = (event: MouseEvent<HTMLDivElement>) => {
    const index = indexAt(event.target);
    const node = index === undefined ? undefined : listing.at(index);
    if (node !== undefined && !touching.current && !onCheck(event.target)) props.onOpen(node);
  };

  const typed = useRef({ text: "", at: 0 });
  const typeAhead = async (key: string) => {
    const now = Date.now();
    const fresh = now - typed.current.at > TYPE_PAUSE;
    // The same letter again goes to the next one that starts with it.
    const text = fresh || typed.current.text === key ? key : typed.current.text + key;
    const from = fresh || text.length === 1 ? cursor + 1 : Math.max(0, cursor);
    typed.current = { text, at: now };
    const index = await listing.typeAhead(text, from).catch(() => undefined);
    if (index === undefined || typed.current.at !== now) return;
    reveal(index);
    void pick(index, "only");
  };

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.target !== items.current) return;
    byKey.current = true;
    const node = cursor >= 0 ? listing.at(cursor) : undefined;
    const control = event.ctrlKey || event.metaKey;
    const to = event.altKey ? undefined : moved(event.key, cursor, geometry, total, height, dir === "rtl");
    if (to !== undefined) {
      event.preventDefault();
      reveal(to);
      if (control && !event.shiftKey) onCursor(to);
      else void pick(to, event.shiftKey ? "range" : "only");
      return;
    }
    if (props.onKey(event)) {
      event.preventDefault();
      return;
    }
    if (control && event.key.toLowerCase() === "a") {
      event.preventDefault();
      onSelection(selecting.everything());
      return;
    }
    if (event.key === " " && (control || typed.current.text === "" || Date.now() - typed.current.at > TYPE_PAUSE)) {
      event.preventDefault();
      if (control && cursor >= 0) void pick(cursor, "toggle");
      else if (node !== undefined) props.onPreview(node);
      return;
    }
    if (event.key === "Enter" && !control && !event.altKey && node !== undefined) {
      event.preventDefault();
      props.onOpen(node);
      return;
    }
    if (event.key === "Escape") {
      onSelection(selecting.NOTHING);
      return;
    }
    if (event.key.length === 1 && !control && !event.altKey) {
      event.preventDefault();
      void typeAhead(event.key);
    }
  };

  const drop = useDropTarget(element => element.closest<HTMLElement>("[data-folder]")?.dataset.folder ?? props.target);
  const onDragStart = (event: DragEvent<HTMLDivElement>) => {
    const index = indexAt(event.target);
    const node = index === undefined ? undefined : listing.at(index);
    if (node === undefined || pressedFree.current) {
      event.preventDefault();
      return;
    }
    const some = selecting.has(selection, node.id) && !selection.all ? [...selection.nodes.values()] : [node];
    startDrag(event, some);
  };

  const columns = columnsOf(listing.place);
  const cells = [];
  for (let index = first; index < last; index += 1) {
    const node = listing.at(index);
    const box = cellBox(geometry, index);
    cells.push(
      <Entry
        key={index}
        id={idOf(index)}
        node={node}
        index={index}
        total={total}
        list={list}
        place={listing.place}
        path={node === undefined ? undefined : listing.pathOf(node.id)}
        chosen={node !== undefined && selecting.has(selection, node.id)}
        cursor={index === cursor}
        cut={node !== undefined && props.cut.has(node.id)}
        over={node !== undefined && drop.over === node.id}
        x={dir === "rtl" ? -box.left : box.left}
        y={box.top}
        width={list ? undefined : geometry.cellWidth}
        height={geometry.cellHeight}
      />,
    );
  }

  const renaming = props.renaming === undefined ? undefined : listing.indexOf(props.renaming);
  const renamed = renaming === undefined ? undefined : listing.at(renaming);
  const renameBox = renaming === undefined ? undefined : cellBox(geometry, renaming);
  const body = { blockSize: contentHeight(geometry, total) };
  const shared = {
    ref: items,
    tabIndex: 0,
    "aria-label": props.label,
    "aria-multiselectable": true,
    "aria-activedescendant": cursor >= first && cursor < last ? idOf(cursor) : undefined,
    onKeyDown,
    onFocus: () => {
      if (cursor < 0 && total > 0) onCursor(0);
    },
  } as const;

  return (
    <ContextMenu
      label={t("actions")}
      className="fx-items-area"
      items={element => {
        const index = indexAt(element) ?? (byKey.current && cursor >= 0 ? cursor : undefined);
        const node = index === undefined ? undefined : listing.at(index);
        const about = node !== undefined && !selecting.has(selection, node.id) ? selecting.only([node]) : selection;
        if (node === undefined) return props.menuFor(selecting.NOTHING, undefined);
        if (about !== selection) onSelection(about);
        return props.menuFor(about, node);
      }}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the grid inside has the keyboard and the names */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the grid inside answers the keys */}
      <div
        ref={scroller}
        className={cx("fx-scroll", drop.over !== undefined && drop.over === props.target && "fx-scroll-over")}
        onPointerDown={onPointerDown}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
        onDragStart={onDragStart}
        onDragEnd={endDrag}
        {...drop.handlers}
      >
        {list ? (
          <div {...shared} role="grid" aria-rowcount={total + 1} aria-colcount={columns.length} className="fx-list">
            <Header
              columns={columns}
              sort={listing.sort}
              onSort={props.onSort}
              trash={listing.place.kind === "trash"}
            />
            <div role="rowgroup" className="fx-body" ref={content} style={body}>
              {cells}
            </div>
          </div>
        ) : (
          <div {...shared} role="listbox" className="fx-grid">
            <div role="presentation" className="fx-body" ref={content} style={body}>
              {cells}
            </div>
          </div>
        )}
        {renamed !== undefined && renameBox !== undefined && (
          <div
            className={cx("fx-rename-place", !list && "fx-rename-tile")}
            style={{
              insetBlockStart: renameBox.top + above,
              insetInlineStart: renameBox.left,
              inlineSize: list ? undefined : geometry.cellWidth,
              blockSize: geometry.cellHeight,
            }}
          >
            <RenameField key={renamed.id} node={renamed} onDone={name => props.onRenamed(renamed, name)} />
          </div>
        )}
        {marquee.band && (
          <div
            className="fx-band"
            style={{
              left: marquee.band.left,
              top: marquee.band.top + above,
              width: marquee.band.right - marquee.band.left,
              height: marquee.band.bottom - marquee.band.top,
            }}
          />
        )}
      </div>
    </ContextMenu>
  );
}
