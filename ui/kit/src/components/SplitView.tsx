import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from "react";
import { cx } from "../cx";
import { useLocale } from "../i18n";
import { useKitText } from "../strings";
import "./SplitView.css";

export interface SplitViewProps {
  /** The side panel. */
  side: ReactNode;
  children: ReactNode;
  /** Pixels at first. */
  initial?: number;
  min?: number;
  max?: number;
  /** Put the panel at the end of the line. */
  sideAt?: "start" | "end";
  hidden?: boolean;
  className?: string;
}

/** Two panels with a divider that can be dragged, or moved with the arrow keys. */
export function SplitView({
  side,
  children,
  initial = 220,
  min = 140,
  max = 420,
  sideAt = "start",
  hidden,
  className,
}: SplitViewProps) {
  const t = useKitText();
  const { dir } = useLocale();
  const [width, setWidth] = useState(initial);
  const drag = useRef<{ x: number; width: number } | null>(null);
  const sign = (sideAt === "start") === (dir === "ltr") ? 1 : -1;
  const clamp = (value: number) => Math.min(max, Math.max(min, Math.round(value)));

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width };
  };
  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    if (drag.current) setWidth(clamp(drag.current.width + sign * (event.clientX - drag.current.x)));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const steps: Record<string, number> = {
      ArrowLeft: -16 * sign,
      ArrowRight: 16 * sign,
      Home: min - width,
      End: max - width,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setWidth(clamp(width + step));
  };

  return (
    <div className={cx("wx-split", sideAt === "end" && "wx-split-end", className)}>
      {!hidden && (
        <>
          <div className="wx-split-side" style={{ inlineSize: width }}>
            {side}
          </div>
          {/* biome-ignore lint/a11y/useSemanticElements: a movable divider is the ARIA window splitter pattern */}
          <div
            role="separator"
            tabIndex={0}
            aria-orientation="vertical"
            aria-label={t("resizePanels")}
            aria-valuenow={width}
            aria-valuemin={min}
            aria-valuemax={max}
            className="wx-split-divider"
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={() => {
              drag.current = null;
            }}
            onPointerCancel={() => {
              drag.current = null;
            }}
            onKeyDown={onKeyDown}
          />
        </>
      )}
      <div className="wx-split-main">{children}</div>
    </div>
  );
}
