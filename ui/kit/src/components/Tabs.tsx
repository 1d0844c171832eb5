import type { ReactNode } from "react";
import { Tabs as AriaTabs, Tab, TabList, TabPanel } from "react-aria-components/Tabs";
import { cx } from "../cx";
import "./Tabs.css";

export interface TabItem<K extends string> {
  id: K;
  label: ReactNode;
  icon?: ReactNode;
  content: ReactNode;
}

export interface TabsProps<K extends string> {
  label: string;
  items: readonly TabItem<K>[];
  value?: K;
  onChange?: (value: K) => void;
  /** Vertical tabs are the side navigation of a settings-like window. */
  orientation?: "horizontal" | "vertical";
  className?: string;
}

export function Tabs<K extends string>({
  label,
  items,
  value,
  onChange,
  orientation = "horizontal",
  className,
}: TabsProps<K>) {
  return (
    <AriaTabs
      orientation={orientation}
      className={cx("wx-tabs", className)}
      {...(value === undefined ? {} : { selectedKey: value })}
      onSelectionChange={key => {
        const item = items.find(each => each.id === key);
        if (item) onChange?.(item.id);
      }}
    >
      <TabList aria-label={label} className="wx-tab-list">
        {items.map(item => (
          <Tab key={item.id} id={item.id} className="wx-tab">
            {item.icon}
            <span>{item.label}</span>
          </Tab>
        ))}
      </TabList>
      {items.map(item => (
        <TabPanel key={item.id} id={item.id} className="wx-tab-panel">
          {item.content}
        </TabPanel>
      ))}
    </AriaTabs>
  );
}
