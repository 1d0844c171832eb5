import type { ReactNode, Ref } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components/Button";
import { cx } from "../cx";
import "./Button.css";
import { Spinner } from "./Spinner";
import { Tooltip } from "./Tooltip";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";
export type ButtonSize = "sm" | "md" | "lg";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children" | "style"> {
  variant?: ButtonVariant;
  size?: ButtonSize;
  /** An icon before the text. */
  icon?: ReactNode;
  children?: ReactNode;
  className?: string;
  /** Why the button cannot be used now; disables it and is told to the person. */
  disabledReason?: string | undefined;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  variant = "secondary",
  size = "md",
  icon,
  children,
  className,
  disabledReason,
  ...props
}: ButtonProps) {
  const button = (
    <AriaButton
      {...props}
      isDisabled={props.isDisabled || disabledReason !== undefined}
      className={cx("wx-button", `wx-button-${variant}`, `wx-button-${size}`, className)}
    >
      {props.isPending ? <Spinner size={16} /> : icon}
      {children !== undefined && <span className="wx-button-text">{children}</span>}
    </AriaButton>
  );
  if (disabledReason === undefined) return button;
  return (
    <span className="wx-button-reason" title={disabledReason}>
      {button}
      <span className="wx-visually-hidden">{disabledReason}</span>
    </span>
  );
}

export interface IconButtonProps extends Omit<ButtonProps, "icon" | "children" | "aria-label"> {
  /** What the button does: the name for screen readers and the tooltip. */
  label: string;
  children: ReactNode;
  /** Leave the tooltip out where the name stands beside the button anyway. */
  noTooltip?: boolean;
}

/** A button that is only an icon. It always has a name. */
export function IconButton({
  label,
  variant = "ghost",
  size = "md",
  children,
  className,
  noTooltip,
  disabledReason,
  ...props
}: IconButtonProps) {
  const button = (
    <AriaButton
      {...props}
      aria-label={label}
      isDisabled={props.isDisabled || disabledReason !== undefined}
      className={cx("wx-button", "wx-icon-button", `wx-button-${variant}`, `wx-button-${size}`, className)}
    >
      {children}
    </AriaButton>
  );
  return noTooltip ? button : <Tooltip text={disabledReason ?? label}>{button}</Tooltip>;
}
