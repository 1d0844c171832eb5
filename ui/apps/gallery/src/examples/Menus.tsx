import { Button, ContextMenu, Icon, Menu, type MenuEntry, toast } from "@webx/ui";

const act = (title: string) => () => void toast({ title });

const ENTRIES: MenuEntry[] = [
  { id: "open", label: "Open", keys: "Enter", onAction: act("Opened") },
  { id: "copy", label: "Copy", keys: "Ctrl+C", onAction: act("Copied") },
  { id: "rename", label: "Rename", disabled: true },
  {
    id: "sort",
    label: "Sort by",
    items: [
      { id: "name", label: "Name", checked: true },
      { id: "size", label: "Size" },
    ],
  },
  "separator",
  { id: "trash", label: "Move to trash", danger: true, onAction: act("In the trash") },
];

export default function Menus() {
  return (
    <>
      <Menu label="File" trigger={<Button icon={<Icon name="chevron-down" />}>Menu</Button>} items={ENTRIES} />
      <ContextMenu label="Card" items={ENTRIES}>
        <p className="target">Right-click here, or press Shift+F10.</p>
      </ContextMenu>
    </>
  );
}
