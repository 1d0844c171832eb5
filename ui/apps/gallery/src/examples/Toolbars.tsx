import {
  Breadcrumbs,
  Icon,
  IconButton,
  Segmented,
  Toolbar,
  ToolbarGroup,
  ToolbarSeparator,
  ToolbarSpace,
  toast,
} from "@webx/ui";
import { useState } from "react";

export default function Toolbars() {
  const [view, setView] = useState<"list" | "grid">("list");
  return (
    <>
      <Toolbar label="View">
        <ToolbarGroup label="Edit">
          <IconButton label="New folder">
            <Icon name="plus" />
          </IconButton>
          <IconButton label="Delete">
            <Icon name="trash-2" />
          </IconButton>
        </ToolbarGroup>
        <ToolbarSeparator />
        <IconButton label="Share">
          <Icon name="share-2" />
        </IconButton>
        <ToolbarSpace />
        <Segmented
          label="Layout"
          iconsOnly
          value={view}
          onChange={setView}
          options={[
            { id: "list", label: "List", icon: <Icon name="list" /> },
            { id: "grid", label: "Grid", icon: <Icon name="layout-grid" /> },
          ]}
        />
      </Toolbar>
      <Breadcrumbs
        label="Path"
        onAction={id => void toast({ title: `To ${id}` })}
        items={[
          { id: "drive", label: "Drive" },
          { id: "pictures", label: "Pictures" },
          { id: "summer", label: "Summer" },
        ]}
      />
    </>
  );
}
