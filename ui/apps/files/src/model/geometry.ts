/** Where the entries lie: one column for the list, as many as fit for the grid. */
export interface Geometry {
  readonly columns: number;
  readonly cellWidth: number;
  readonly cellHeight: number;
  readonly padding: number;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export function listGeometry(width: number, rowHeight: number): Geometry {
  return { columns: 1, cellWidth: width, cellHeight: rowHeight, padding: 0 };
}

export function gridGeometry(width: number, cell: number, height: number, padding: number): Geometry {
  const inner = Math.max(cell, width - 2 * padding);
  const columns = Math.max(1, Math.floor(inner / cell));
  return { columns, cellWidth: Math.floor(inner / columns), cellHeight: height, padding };
}

export function contentHeight(geometry: Geometry, total: number): number {
  return Math.ceil(total / geometry.columns) * geometry.cellHeight + 2 * geometry.padding;
}

export function cellBox(geometry: Geometry, index: number): Box {
  const left = geometry.padding + (index % geometry.columns) * geometry.cellWidth;
  const top = geometry.padding + Math.floor(index / geometry.columns) * geometry.cellHeight;
  return { left, top, right: left + geometry.cellWidth, bottom: top + geometry.cellHeight };
}

/** First and one past the last entry between two heights, with some rows more on either side. */
export function visibleRange(
  geometry: Geometry,
  total: number,
  top: number,
  height: number,
  overscan: number,
): [number, number] {
  const first = Math.floor((top - geometry.padding) / geometry.cellHeight) - overscan;
  const last = Math.ceil((top + height - geometry.padding) / geometry.cellHeight) + overscan;
  const clamp = (row: number) => Math.min(total, Math.max(0, row * geometry.columns));
  return [clamp(first), clamp(last)];
}

/** The entries a rubber band touches. */
export function touched(geometry: Geometry, total: number, band: Box): number[] {
  const row = (y: number) => Math.floor((y - geometry.padding) / geometry.cellHeight);
  const column = (x: number) => Math.floor((x - geometry.padding) / geometry.cellWidth);
  const indexes: number[] = [];
  const lastRow = Math.min(row(band.bottom), Math.ceil(total / geometry.columns) - 1);
  const firstColumn = Math.max(0, column(band.left));
  const lastColumn = Math.min(geometry.columns - 1, column(band.right));
  for (let y = Math.max(0, row(band.top)); y <= lastRow; y += 1) {
    for (let x = firstColumn; x <= lastColumn; x += 1) {
      const index = y * geometry.columns + x;
      if (index < total) indexes.push(index);
    }
  }
  return indexes;
}

/** Where a key leads from an entry; undefined for keys that do not move. */
export function moved(
  key: string,
  index: number,
  geometry: Geometry,
  total: number,
  pageHeight: number,
  rtl: boolean,
): number | undefined {
  if (total === 0) return undefined;
  const { columns } = geometry;
  const page = Math.max(1, Math.floor(pageHeight / geometry.cellHeight) - 1) * columns;
  const clamp = (to: number) => Math.min(total - 1, Math.max(0, to));
  switch (key) {
    case "ArrowDown":
      return index + columns < total || columns === 1 ? clamp(index + columns) : index;
    case "ArrowUp":
      return index - columns >= 0 ? index - columns : index < 0 ? 0 : columns === 1 ? 0 : index;
    case "ArrowRight":
    case "ArrowLeft": {
      if (columns === 1) return undefined;
      return clamp(index + ((key === "ArrowRight") === rtl ? -1 : 1));
    }
    case "Home":
      return 0;
    case "End":
      return total - 1;
    case "PageDown":
      return clamp(index + page);
    case "PageUp":
      return clamp(index - page);
    default:
      return undefined;
  }
}
