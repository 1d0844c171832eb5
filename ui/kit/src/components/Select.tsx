import Check from "lucide-react/icons/check";
import ChevronsUpDown from "lucide-react/icons/chevrons-up-down";
import type { ReactNode } from "react";
import { Button } from "react-aria-components/Button";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import { Select as AriaSelect, SelectValue } from "react-aria-components/Select";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { FieldHelp, FieldLabel, type FieldProps } from "./Field";
import "./Select.css";

export interface SelectOption<K extends string> {
  id: K;
  label: string;
  description?: string;
  icon?: ReactNode;
}

export interface SelectProps<K extends string> extends FieldProps {
  options: readonly SelectOption<K>[];
  value: K | null;
  onChange: (value: K) => void;
  placeholder?: string;
  isDisabled?: boolean;
  className?: string;
  "aria-label"?: string;
}

/** Chooses one of a few known values. */
export function Select<K extends string>({
  label,
  description,
  error,
  options,
  value,
  onChange,
  placeholder,
  className,
  ...props
}: SelectProps<K>) {
  const t = useKitText();
  return (
    <AriaSelect
      {...props}
      value={value}
      onChange={key => {
        const option = options.find(each => each.id === key);
        if (option) onChange(option.id);
      }}
      placeholder={placeholder ?? t("choose")}
      isInvalid={Boolean(error)}
      className={cx("wx-field", "wx-select", className)}
    >
      <FieldLabel>{label}</FieldLabel>
      <Button className="wx-input-box wx-select-button">
        <SelectValue className="wx-select-value" />
        <ChevronsUpDown aria-hidden="true" />
      </Button>
      <FieldHelp description={description} error={error} />
      <Popover className="wx-popover wx-select-popover" offset={4}>
        <ListBox className="wx-menu" items={options}>
          {option => (
            <ListBoxItem id={option.id} textValue={option.label} className="wx-menu-item wx-select-item">
              {({ isSelected }) => (
                <>
                  <span className="wx-menu-icon">
                    {isSelected ? <Check size={16} aria-hidden="true" /> : option.icon}
                  </span>
                  <span className="wx-menu-label">
                    {option.label}
                    {option.description && <small className="wx-select-description">{option.description}</small>}
                  </span>
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
