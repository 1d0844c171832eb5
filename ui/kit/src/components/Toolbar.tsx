import type { ReactNode } from "react";
import { Group } from "react-aria-components/Group";
import { Separator } from "react-aria-components/Separator";
import { ToggleButton } from "react-aria-components/ToggleButton";
import { ToggleButtonGroup } from "react-aria-components/ToggleButtonGroup";
import { Toolbar as AriaToolbar } from "react-aria-components/Toolbar";
import { cx } from "../cx";
import "./Toolbar.css";

/** A row of controls that is one tab stop; arrow keys move inside. */
export function Toolbar({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    <AriaToolbar aria-label={label} className={cx("wx-toolbar", className)}>
      {children}
    </AriaToolbar>
  );
}

export function ToolbarGroup({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Group aria-label={label} className="wx-toolbar-group">
      {children}
    </Group>
  );
}

export function ToolbarSeparator() {
  return <Separator orientation="vertical" className="wx-toolbar-separator" />;
}

/** Pushes what follows to the end of the line. */
export function ToolbarSpace() {
  return <span className="wx-toolbar-space" />;
}

export interface SegmentedProps<K extends string> {
  label: string;
  options: readonly { id: K; label: string; icon?: ReactNode }[];
  value: K;
  onChange: (value: K) => void;
  /** Show icons alone; the labels stay as names. */
  iconsOnly?: boolean;
}

/** A few exclusive choices side by side, such as list and grid. */
export function Segmented<K extends string>({ label, options, value, onChange, iconsOnly }: SegmentedProps<K>) {
  return (
    <ToggleButtonGroup
      aria-label={label}
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={keys => {
        const option = options.find(each => keys.has(each.id));
        if (option) onChange(option.id);
      }}
      className="wx-segmented"
    >
      {options.map(option => (
        <ToggleButton
          key={option.id}
          id={option.id}
          className="wx-segment"
          {...(iconsOnly ? { "aria-label": option.label } : {})}
        >
          {option.icon}
          {!iconsOnly && <span>{option.label}</span>}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  );
}
