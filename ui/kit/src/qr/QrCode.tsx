import { useMemo } from "react";
import { cx } from "../cx";
import { qrSquare, type Square } from "./encode";
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

function outline(square: Square): string {
  let path = "";
  for (let y = 0; y < square.size; y += 1)
    for (let x = 0; x < square.size; x += 1) {
      if (!square.dark(x, y)) continue;
      const start = x;
      while (square.dark(x + 1, y) && x + 1 < square.size) x += 1;
      path += `M${start} ${y}h${x + 1 - start}v1H${start}z`;
    }
  return path;
}

/**
 * A text as a QR code, dark on light in every theme, because readers want it so. Nothing where the text is longer than a
 * QR code can hold (about 2,900 bytes): show the text beside it.
 */
export function QrCode({ text, label, size = 240, className }: QrCodeProps) {
  const square = useMemo(() => qrSquare(text), [text]);
  const path = useMemo(() => (square ? outline(square) : ""), [square]);
  if (!square) return null;
  const side = square.size + 2 * MARGIN;
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
