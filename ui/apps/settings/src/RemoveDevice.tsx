import { type DeviceItem, useOs } from "@webx/sdk";
import { Dialog, toast } from "@webx/ui";
import { useT } from "./strings";
import { WordsForm } from "./WordsForm";

/** Takes a device out of the identity, by the 24 words. */
export function RemoveDevice({ device, onClose }: { device: DeviceItem; onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const name = device.name ?? t("deviceNameless");
  return (
    <Dialog
      title={t("removeDeviceTitle", { name })}
      isOpen
      onOpenChange={open => !open && onClose()}
      isDismissable={false}
    >
      <WordsForm
        text={t("removeDeviceText")}
        action={t("removeDevice")}
        danger
        cancel={t("cancel")}
        onCancel={onClose}
        onWords={async words => {
          await os.devices.remove(device.node, words);
          toast({ level: "success", title: t("deviceRemoved", { name }) });
          onClose();
        }}
      />
    </Dialog>
  );
}
