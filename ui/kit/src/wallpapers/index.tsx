import { cx } from "../cx";
import "./wallpapers.css";

/** The wallpapers of the product: gradients and a few shapes, each with a light and a dark face. */
export const WALLPAPERS = ["dawn", "tide", "meadow", "ember", "graphite", "paper"] as const;
export type WallpaperName = (typeof WALLPAPERS)[number];
export const DEFAULT_WALLPAPER: WallpaperName = "dawn";

export const isWallpaper = (value: unknown): value is WallpaperName => WALLPAPERS.some(each => each === value);

/** Accent colours a person can choose; the first is the product's own. */
export const ACCENTS = ["indigo", "blue", "teal", "green", "orange", "pink"] as const;
export type AccentName = (typeof ACCENTS)[number];
export const isAccent = (value: unknown): value is AccentName => ACCENTS.some(each => each === value);

/** Fills its positioned parent; also serves as a preview. It follows the theme by itself. */
export function Wallpaper({ name, className }: { name: WallpaperName; className?: string }) {
  return (
    <div className={cx("wx-wallpaper", `wx-wallpaper-${name}`, className)} aria-hidden="true">
      <svg viewBox="0 0 1440 900" preserveAspectRatio="xMidYMid slice" focusable="false" aria-hidden="true">
        <path className="wx-wallpaper-a" d="M0 640C220 520 420 760 700 660S1180 420 1440 540V900H0z" />
        <path className="wx-wallpaper-b" d="M0 760C260 650 520 850 820 750S1240 600 1440 690V900H0z" />
        <path className="wx-wallpaper-c" d="M0 850C300 770 620 900 940 830S1300 760 1440 800V900H0z" />
      </svg>
    </div>
  );
}
