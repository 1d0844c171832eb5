import { Button, Icon, IconButton, toast } from "@webx/ui";

export default function Buttons() {
  const done = () => void toast({ level: "success", title: "Done" });
  return (
    <>
      <div className="row">
        <Button variant="primary" icon={<Icon name="plus" />} onPress={done}>
          Primary
        </Button>
        <Button onPress={done}>Secondary</Button>
        <Button variant="ghost" onPress={done}>
          Ghost
        </Button>
        <Button variant="danger" onPress={done}>
          Danger
        </Button>
      </div>
      <div className="row">
        <Button disabledReason="Choose a file first">Disabled, and says why</Button>
        <Button isPending>Working</Button>
      </div>
      <div className="row">
        <Button size="sm">Small</Button>
        <Button>Middle</Button>
        <Button size="lg">Large</Button>
        <IconButton label="Notifications" onPress={done}>
          <Icon name="bell" />
        </IconButton>
      </div>
    </>
  );
}
