import type { App } from "./apps";
import "./AppTile.css";

/** An app's icon on its coloured tile. */
export function AppTile({ app, size }: { app: App; size: number }) {
  const Icon = app.icon;
  return (
    <span
      className="tile"
      style={{ inlineSize: size, blockSize: size, borderRadius: size * 0.26, ["--tile-hue" as string]: app.hue }}
      aria-hidden="true"
    >
      <Icon size={Math.round(size * 0.54)} aria-hidden="true" />
    </span>
  );
}
