import CircleAlert from "lucide-react/icons/circle-alert";
import RotateCw from "lucide-react/icons/rotate-cw";
import type { CSSProperties, ReactNode } from "react";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { Button } from "./Button";
import "./States.css";

export interface EmptyStateProps {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  /** The next step. */
  action?: ReactNode;
  /** The level of its heading in the page. */
  level?: 1 | 2 | 3;
  className?: string;
}

/** Nothing here yet, and what to do next. */
export function EmptyState({ icon, title, children, action, level = 2, className }: EmptyStateProps) {
  const Heading = `h${level}` as const;
  return (
    <div className={cx("wx-state", className)}>
      {icon && (
        <div className="wx-state-icon" aria-hidden="true">
          {icon}
        </div>
      )}
      <Heading className="wx-state-title">{title}</Heading>
      {children && <div className="wx-state-text">{children}</div>}
      {action && <div className="wx-state-action">{action}</div>}
    </div>
  );
}

export interface ErrorStateProps {
  title?: string;
  /** What happened and what the person can do. */
  children?: ReactNode;
  onRetry?: () => void;
  action?: ReactNode;
  level?: 1 | 2 | 3;
  className?: string;
}

export function ErrorState({ title, children, onRetry, action, level = 2, className }: ErrorStateProps) {
  const Heading = `h${level}` as const;
  const t = useKitText();
  return (
    <div className={cx("wx-state", "wx-state-error", className)} role="alert">
      <div className="wx-state-icon" aria-hidden="true">
        <CircleAlert />
      </div>
      <Heading className="wx-state-title">{title ?? t("errorTitle")}</Heading>
      {children && <div className="wx-state-text">{children}</div>}
      {(onRetry || action) && (
        <div className="wx-state-action">
          {onRetry && (
            <Button icon={<RotateCw />} onPress={onRetry}>
              {t("retry")}
            </Button>
          )}
          {action}
        </div>
      )}
    </div>
  );
}

export interface SkeletonProps {
  width?: CSSProperties["inlineSize"];
  height?: CSSProperties["blockSize"];
  round?: boolean;
  className?: string;
}

/** A grey shape where content will stand. */
export function Skeleton({ width, height = 14, round, className }: SkeletonProps) {
  return (
    <span
      aria-hidden="true"
      className={cx("wx-skeleton", round && "wx-skeleton-round", className)}
      style={{ inlineSize: width, blockSize: height }}
    />
  );
}

/** Lines of skeleton with the word "Loading" for screen readers. */
export function SkeletonList({ rows = 6, height = 40 }: { rows?: number; height?: number }) {
  const t = useKitText();
  return (
    <div className="wx-skeleton-list" role="status">
      <span className="wx-visually-hidden">{t("loading")}</span>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows are all alike
        <Skeleton key={row} height={height} />
      ))}
    </div>
  );
}

export type NoticeLevel = "info" | "success" | "warning" | "error";

/** A lasting remark inside a page. */
export function Notice({
  level = "info",
  icon,
  title,
  children,
  action,
}: {
  level?: NoticeLevel;
  icon?: ReactNode;
  title?: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={cx("wx-notice", `wx-notice-${level}`)} role={level === "error" ? "alert" : "note"}>
      {icon && (
        <span className="wx-notice-icon" aria-hidden="true">
          {icon}
        </span>
      )}
      <div className="wx-notice-text">
        {title && <strong className="wx-notice-title">{title}</strong>}
        {children}
      </div>
      {action}
    </div>
  );
}
