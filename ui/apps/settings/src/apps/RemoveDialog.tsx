import { type App, type DataChoice, useOs } from "@webx/sdk";
import { Button, Dialog, RadioGroup, toast } from "@webx/ui";
import { useState } from "react";
import { useT } from "../strings";
import { useDo } from "../useChange";

/** Asks what becomes of the data. Thirty days long everything can come back. */
export function RemoveDialog({ app, onClose }: { app: App; onClose: (done: boolean) => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [data, setData] = useState<DataChoice>("keep");
  const [busy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    const done = await attempt(() => os.apps.remove(app.install, data));
    setBusy(false);
    if (!done) return;
    toast({
      level: "success",
      title: t("removedNamed", { app: app.name }),
      action: { label: t("undo"), onAction: () => void attempt(() => os.apps.undo(app.install)) },
    });
    onClose(true);
  };
  return (
    <Dialog
      title={t("removeTitle", { app: app.name })}
      isOpen
      onOpenChange={open => !open && onClose(false)}
      footer={
        <>
          <Button onPress={() => onClose(false)}>{t("cancel")}</Button>
          <Button variant="danger" isPending={busy} onPress={remove}>
            {t("remove")}
          </Button>
        </>
      }
    >
      <div className="set-form">
        <p>{t("removeNote")}</p>
        {app.dataSize > 0 && (
          <RadioGroup<DataChoice>
            label={t("removeData", { size: app.dataSize })}
            cards
            options={[
              { id: "keep", label: t("keepData"), description: t("keepDataText") },
              { id: "delete", label: t("deleteData"), description: t("deleteDataText") },
            ]}
            value={data}
            onChange={setData}
          />
        )}
      </div>
    </Dialog>
  );
}
