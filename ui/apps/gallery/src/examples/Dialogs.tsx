import { AlertDialog, Button, Dialog, Sheet, TextField, Tooltip, toast } from "@webx/ui";
import { useState } from "react";

export default function Dialogs() {
  const [asking, setAsking] = useState(false);
  const [details, setDetails] = useState(false);
  return (
    <div className="row">
      <Dialog
        title="Rename"
        trigger={<Button>Dialog</Button>}
        footer={close => (
          <>
            <Button onPress={close}>Cancel</Button>
            <Button variant="primary" onPress={close}>
              Rename
            </Button>
          </>
        )}
      >
        <TextField label="Name" defaultValue="Photos" autoFocus />
      </Dialog>
      <Button onPress={() => setAsking(true)}>Question</Button>
      <AlertDialog
        title="Empty the trash?"
        action="Empty"
        danger
        isOpen={asking}
        onOpenChange={setAsking}
        onAction={() => void toast({ level: "success", title: "The trash is empty" })}
      >
        12 things are deleted for ever.
      </AlertDialog>
      <Button onPress={() => setDetails(true)}>Sheet</Button>
      <Sheet title="Details" isOpen={details} onOpenChange={setDetails}>
        <p>A panel from the edge, over the content.</p>
      </Sheet>
      <Tooltip text="Says what a control does">
        <Button>Tooltip</Button>
      </Tooltip>
    </div>
  );
}
