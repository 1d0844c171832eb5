import Check from "lucide-react/icons/check";
import Minus from "lucide-react/icons/minus";
import type { ReactNode } from "react";
import { Checkbox as AriaCheckbox, type CheckboxProps as AriaCheckboxProps } from "react-aria-components/Checkbox";
import { Label } from "react-aria-components/Label";
import { Radio as AriaRadio, RadioGroup as AriaRadioGroup } from "react-aria-components/RadioGroup";
import { Switch as AriaSwitch, type SwitchProps as AriaSwitchProps } from "react-aria-components/Switch";
import { cx } from "../cx";
import { FieldHelp, type FieldProps } from "./Field";
import "./Checkbox.css";

export interface CheckboxProps extends Omit<AriaCheckboxProps, "className" | "children" | "style"> {
  children?: ReactNode;
  className?: string;
}

export function Checkbox({ children, className, ...props }: CheckboxProps) {
  return (
    <AriaCheckbox {...props} className={cx("wx-choice", className)}>
      {({ isIndeterminate, isSelected }) => (
        <>
          <span className="wx-checkbox-box" aria-hidden="true">
            {isIndeterminate ? (
              <Minus size={14} strokeWidth={3} />
            ) : isSelected ? (
              <Check size={14} strokeWidth={3} />
            ) : null}
          </span>
          {children !== undefined && <span className="wx-choice-text">{children}</span>}
        </>
      )}
    </AriaCheckbox>
  );
}

export interface SwitchProps extends Omit<AriaSwitchProps, "className" | "children" | "style"> {
  children?: ReactNode;
  /** A second, quieter line. */
  description?: ReactNode;
  /** Text first, switch at the end of the line: the form used in settings. */
  wide?: boolean;
  className?: string;
}

/** Turns something on or off at once. */
export function Switch({ children, description, wide, className, ...props }: SwitchProps) {
  return (
    <AriaSwitch {...props} className={cx("wx-choice", "wx-switch", wide && "wx-switch-wide", className)}>
      <span className="wx-switch-track" aria-hidden="true">
        <span className="wx-switch-knob" />
      </span>
      {children !== undefined && (
        <span className="wx-choice-text">
          {children}
          {description && <small className="wx-choice-description">{description}</small>}
        </span>
      )}
    </AriaSwitch>
  );
}

export interface RadioOption<K extends string> {
  id: K;
  label: ReactNode;
  description?: ReactNode;
  isDisabled?: boolean;
}

export interface RadioGroupProps<K extends string> extends FieldProps {
  options: readonly RadioOption<K>[];
  value: K | null;
  onChange: (value: K) => void;
  orientation?: "vertical" | "horizontal";
  /** Shows each option as a card. */
  cards?: boolean;
  isDisabled?: boolean;
  className?: string;
  "aria-label"?: string;
}

export function RadioGroup<K extends string>({
  label,
  description,
  error,
  options,
  onChange,
  cards,
  className,
  ...props
}: RadioGroupProps<K>) {
  return (
    <AriaRadioGroup
      {...props}
      onChange={value => {
        const option = options.find(each => each.id === value);
        if (option) onChange(option.id);
      }}
      isInvalid={Boolean(error)}
      className={cx("wx-field", "wx-radio-group", cards && "wx-radio-cards", className)}
    >
      {label && <Label className="wx-field-label">{label}</Label>}
      <div className="wx-radio-options">
        {options.map(option => (
          <AriaRadio
            key={option.id}
            value={option.id}
            isDisabled={option.isDisabled ?? false}
            className="wx-choice wx-radio"
          >
            <span className="wx-radio-dot" aria-hidden="true" />
            <span className="wx-choice-text">
              {option.label}
              {option.description && <small className="wx-choice-description">{option.description}</small>}
            </span>
          </AriaRadio>
        ))}
      </div>
      <FieldHelp description={description} error={error} />
    </AriaRadioGroup>
  );
}
