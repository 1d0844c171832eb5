import { Label } from "react-aria-components/Label";
import { Meter as AriaMeter } from "react-aria-components/Meter";
import { ProgressBar as AriaProgressBar } from "react-aria-components/ProgressBar";
import { cx } from "../cx";
import "./Progress.css";

export interface ProgressBarProps {
  label: string;
  /** From 0 to `max`; left out while the length is unknown. */
  value?: number | undefined;
  max?: number;
  /** What stands at the end of the line, such as a rate; the percentage when left out. */
  valueText?: string;
  hideLabel?: boolean;
  className?: string;
}

export function ProgressBar({ label, value, max = 100, valueText, hideLabel, className }: ProgressBarProps) {
  return (
    <AriaProgressBar
      value={value ?? 0}
      maxValue={max > 0 ? max : 1}
      isIndeterminate={value === undefined}
      {...(valueText ? { valueLabel: valueText } : {})}
      className={cx("wx-bar", className)}
    >
      {({ percentage, valueText: shown, isIndeterminate }) => (
        <>
          <div className={hideLabel ? "wx-visually-hidden" : "wx-bar-head"}>
            <Label className="wx-bar-label">{label}</Label>
            <span className="wx-bar-value">{isIndeterminate ? valueText : shown}</span>
          </div>
          <div className="wx-bar-track">
            <div
              className={cx("wx-bar-fill", isIndeterminate && "wx-bar-wander")}
              style={isIndeterminate ? undefined : { inlineSize: `${percentage ?? 0}%` }}
            />
          </div>
        </>
      )}
    </AriaProgressBar>
  );
}

export interface MeterProps {
  label: string;
  value: number;
  max: number;
  valueText?: string;
  hideLabel?: boolean;
  /** From which share of `max` on it looks like a warning, and like danger. */
  warnAt?: number;
  dangerAt?: number;
  className?: string;
}

/** How full something is. */
export function Meter({
  label,
  value,
  max,
  valueText,
  hideLabel,
  warnAt = 0.8,
  dangerAt = 0.95,
  className,
}: MeterProps) {
  const share = max > 0 ? value / max : 0;
  return (
    <AriaMeter
      value={value}
      maxValue={max > 0 ? max : 1}
      {...(valueText ? { valueLabel: valueText } : {})}
      className={cx("wx-bar", share >= dangerAt ? "wx-bar-danger" : share >= warnAt && "wx-bar-warning", className)}
    >
      {({ percentage, valueText: shown }) => (
        <>
          <div className={hideLabel ? "wx-visually-hidden" : "wx-bar-head"}>
            <Label className="wx-bar-label">{label}</Label>
            <span className="wx-bar-value">{shown}</span>
          </div>
          <div className="wx-bar-track">
            <div className="wx-bar-fill" style={{ inlineSize: `${percentage}%` }} />
          </div>
        </>
      )}
    </AriaMeter>
  );
}
