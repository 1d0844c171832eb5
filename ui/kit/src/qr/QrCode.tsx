import { useMemo } from "react";
import { encode } from "uqr";
import { cx } from "../cx";
import "./QrCode.css";

/** The light margin that a reader needs, in modules. */
const MARGIN = 4;

export interface QrCodeProps {
  /** What a reader gets. Capital letters, digits and ` $%*+-./:` alone make a coarser picture than other text. */
  text: string;
  /** What the picture is for, as screen readers say it. */
  label: string;
  /** CSS pixels at most. */
  size?: number;
  className?: string;
}

/** The dark modules of each row, as runs. */
function outline(rows: readonly boolean[][]): string {
  let path = "";
  for (const [y, row] of rows.entries())
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x += 1;
      path += `M${start} ${y}h${x + 1 - start}v1H${start}z`;
    }
  return path;
}

/** The modules of a QR code, without margin; undefined where no code holds the text. */
function modules(text: string): boolean[][] | undefined {
  try {
    return encode(text, { ecc: "L", boostEcc: true, border: 0 }).data;
  } catch {
    return undefined;
  }
}

/**
 * A text as a QR code, dark on light in every theme, because readers want it so. Nothing where the text is longer than a
 * QR code can hold (about 2,900 bytes): show the text beside it.
 */
export function QrCode({ text, label, size = 240, className }: QrCodeProps) {
  const rows = useMemo(() => modules(text), [text]);
  const path = useMemo(() => (rows ? outline(rows) : ""), [rows]);
  if (!rows) return null;
  const side = rows.length + 2 * MARGIN;
  return (
    <svg
      role="img"
      aria-label={label}
      className={cx("wx-qr", className)}
      style={{ inlineSize: size }}
      viewBox={`${-MARGIN} ${-MARGIN} ${side} ${side}`}
    >
      <rect x={-MARGIN} y={-MARGIN} width={side} height={side} fill="#ffffff" />
      <path d={path} fill="#000000" shapeRendering="crispEdges" />
    </svg>
  );
}
