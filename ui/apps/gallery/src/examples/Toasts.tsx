import { Button, toast } from "@webx/ui";

export default function ToastExamples() {
  return (
    <div className="row">
      <Button onPress={() => toast({ title: "Moved to the trash", action: { label: "Undo", onAction: () => {} } })}>
        With undo
      </Button>
      <Button onPress={() => toast({ level: "success", title: "Saved" })}>Success</Button>
      <Button onPress={() => toast({ level: "warning", title: "Almost full", body: "2 GB are left." })}>Warning</Button>
      <Button onPress={() => toast({ level: "error", title: "Not saved", body: "The node does not answer." })}>
        Error
      </Button>
    </div>
  );
}
