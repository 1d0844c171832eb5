import { Icon, Tabs } from "@webx/ui";

export default function TabPages() {
  return (
    <Tabs
      label="Details"
      items={[
        { id: "info", label: "Info", icon: <Icon name="info" size={16} />, content: <p>About this file.</p> },
        { id: "versions", label: "Versions", content: <p>What it was before.</p> },
        { id: "sharing", label: "Sharing", content: <p>Who else can read it.</p> },
      ]}
    />
  );
}
