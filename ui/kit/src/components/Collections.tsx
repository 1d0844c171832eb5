import ArrowUp from "lucide-react/icons/arrow-up";
import type { ReactNode } from "react";
import type { Key, Selection } from "react-aria-components/GridList";
import {
  GridList as AriaGridList,
  type GridListProps as AriaGridListProps,
  GridListItem,
} from "react-aria-components/GridList";
import {
  Table as AriaTable,
  Cell,
  Column,
  Row,
  type SortDescriptor,
  TableBody,
  TableHeader,
} from "react-aria-components/Table";
import { GridLayout, ListLayout, Size, TableLayout, Virtualizer } from "react-aria-components/Virtualizer";
import { cx } from "../cx";
import "./Collections.css";

export type { Key, Selection, SortDescriptor };

export interface ListProps<T extends { id: string }>
  extends Pick<
    AriaGridListProps<T>,
    "selectionMode" | "selectedKeys" | "onSelectionChange" | "onAction" | "dragAndDropHooks" | "disabledKeys"
  > {
  label: string;
  items: readonly T[];
  children: (item: T) => ReactNode;
  textValue: (item: T) => string;
  /** `list`: one under the other; `grid`: tiles. */
  layout?: "list" | "grid";
  rowHeight?: number;
  /** Least size of a tile. */
  tile?: { width: number; height: number };
  empty?: ReactNode;
  className?: string;
}

/**
 * A virtualised list or grid with keyboard navigation and selection. Only what is visible is drawn, but React Aria keeps
 * a record of every item: good for some thousands.
 */
export function List<T extends { id: string }>({
  label,
  items,
  children,
  textValue,
  layout = "list",
  rowHeight = 44,
  tile = { width: 120, height: 120 },
  empty,
  className,
  ...props
}: ListProps<T>) {
  const list = (
    <AriaGridList
      {...props}
      aria-label={label}
      items={items}
      layout={layout === "grid" ? "grid" : "stack"}
      selectionBehavior="replace"
      renderEmptyState={() => empty}
      className={cx("wx-list", `wx-list-${layout}`, className)}
    >
      {item => (
        <GridListItem id={item.id} textValue={textValue(item)} className="wx-list-item">
          {children(item)}
        </GridListItem>
      )}
    </AriaGridList>
  );
  return layout === "grid" ? (
    <Virtualizer
      layout={GridLayout}
      layoutOptions={{
        minItemSize: new Size(tile.width, tile.height),
        maxItemSize: new Size(tile.width * 1.6, tile.height),
        minSpace: new Size(8, 8),
      }}
    >
      {list}
    </Virtualizer>
  ) : (
    <Virtualizer layout={ListLayout} layoutOptions={{ rowSize: rowHeight, gap: 2, padding: 4 }}>
      {list}
    </Virtualizer>
  );
}

export interface TableColumn<T> {
  id: string;
  label: string;
  cell: (row: T) => ReactNode;
  isRowHeader?: boolean;
  sortable?: boolean;
  width?: number | `${number}fr` | `${number}%`;
  minWidth?: number;
  align?: "start" | "end";
}

export interface TableProps<T extends { id: string }> {
  label: string;
  columns: readonly TableColumn<T>[];
  rows: readonly T[];
  selectionMode?: "none" | "single" | "multiple";
  selectedKeys?: Selection;
  onSelectionChange?: (keys: Selection) => void;
  sort?: SortDescriptor;
  onSortChange?: (sort: SortDescriptor) => void;
  onRowAction?: (key: Key) => void;
  rowHeight?: number;
  empty?: ReactNode;
  className?: string;
}

/** A virtualised table with sortable columns. */
export function Table<T extends { id: string }>({
  label,
  columns,
  rows,
  selectionMode = "none",
  selectedKeys,
  onSelectionChange,
  sort,
  onSortChange,
  onRowAction,
  rowHeight = 40,
  empty,
  className,
}: TableProps<T>) {
  return (
    <Virtualizer layout={TableLayout} layoutOptions={{ rowHeight, headingHeight: 36 }}>
      <AriaTable
        aria-label={label}
        selectionMode={selectionMode}
        selectionBehavior="replace"
        {...(selectedKeys === undefined ? {} : { selectedKeys })}
        {...(onSelectionChange ? { onSelectionChange } : {})}
        {...(sort ? { sortDescriptor: sort } : {})}
        {...(onSortChange ? { onSortChange } : {})}
        {...(onRowAction ? { onRowAction } : {})}
        className={cx("wx-table", className)}
      >
        <TableHeader className="wx-table-head">
          {columns.map(column => (
            <Column
              key={column.id}
              id={column.id}
              isRowHeader={column.isRowHeader ?? false}
              allowsSorting={column.sortable ?? false}
              {...(column.width === undefined ? {} : { width: column.width })}
              {...(column.minWidth === undefined ? {} : { minWidth: column.minWidth })}
              className={cx("wx-table-column", column.align === "end" && "wx-table-end")}
            >
              {({ sortDirection }) => (
                <>
                  {column.label}
                  {sortDirection && (
                    <ArrowUp className={`wx-table-sort wx-table-${sortDirection}`} size={14} aria-hidden="true" />
                  )}
                </>
              )}
            </Column>
          ))}
        </TableHeader>
        <TableBody items={rows} renderEmptyState={() => empty}>
          {row => (
            <Row id={row.id} className="wx-table-row">
              {columns.map(column => (
                <Cell key={column.id} className={cx("wx-table-cell", column.align === "end" && "wx-table-end")}>
                  {column.cell(row)}
                </Cell>
              ))}
            </Row>
          )}
        </TableBody>
      </AriaTable>
    </Virtualizer>
  );
}
