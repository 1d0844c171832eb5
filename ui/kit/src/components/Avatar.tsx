import type { ReactNode } from "react";
import { cx } from "../cx";
import "./Avatar.css";

function hueOf(seed: string): number {
  let hash = 7;
  for (const char of seed) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hash;
}

/** A person as initials on a colour that follows from the name. */
export function Avatar({
  name,
  seed,
  size = 32,
  className,
}: {
  name: string /** What fixes the colour, such as the DID. */;
  seed?: string;
  size?: number;
  className?: string;
}) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const initials = [words[0], words.length > 1 ? words.at(-1) : undefined]
    .map(word => (word ? Array.from(word)[0] : ""))
    .join("")
    .toLocaleUpperCase();
  return (
    <span
      aria-hidden="true"
      className={cx("wx-avatar", className)}
      style={{
        inlineSize: size,
        blockSize: size,
        fontSize: size * 0.4,
        background: `oklch(0.48 0.13 ${hueOf(seed ?? name)})`,
      }}
    >
      {initials || "?"}
    </span>
  );
}

export type BadgeTone = "neutral" | "accent" | "success" | "warning" | "danger";

/** A short word or number beside something. */
export function Badge({
  tone = "neutral",
  children,
  className,
}: {
  tone?: BadgeTone;
  children: ReactNode;
  className?: string;
}) {
  return <span className={cx("wx-badge", `wx-badge-${tone}`, className)}>{children}</span>;
}
