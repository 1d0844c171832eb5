import { type DeviceItem, useLoad, useOs } from "@webx/sdk";
import { Badge, Button, Notice, useLocale } from "@webx/ui";
import Monitor from "lucide-react/icons/monitor";
import Plus from "lucide-react/icons/plus";
import { useEffect, useState } from "react";
import { AddDevice } from "../AddDevice";
import { Group, Page, Pending } from "../Page";
import { RemoveDevice } from "../RemoveDevice";
import { useT } from "../strings";

/** On which devices this person is at home. */
export function Devices() {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("devices", () => os.devices.list());
  useEffect(() => os.identity.onChange(reload), [os, reload]);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<DeviceItem>();
  if (!data) return <Pending title={t("devices")} problem={problem} onRetry={reload} />;
  return (
    <Page title={t("devices")}>
      <Group title={t("yourDevices")} text={t("yourDevicesText")}>
        <ul className="set-devices" aria-label={t("yourDevices")}>
          {data.map(device => (
            <Device key={device.node} device={device} onRemove={() => setRemoving(device)} />
          ))}
        </ul>
        <Notice>{t("notCarried")}</Notice>
        <div className="set-actions">
          <Button variant="primary" icon={<Plus />} onPress={() => setAdding(true)}>
            {t("addDevice")}
          </Button>
        </div>
      </Group>
      {adding && (
        <AddDevice
          onClose={() => {
            setAdding(false);
            reload();
          }}
        />
      )}
      {removing && (
        <RemoveDevice
          device={removing}
          onClose={() => {
            setRemoving(undefined);
            reload();
          }}
        />
      )}
    </Page>
  );
}

function Device({ device, onRemove }: { device: DeviceItem; onRemove: () => void }) {
  const t = useT();
  const { format } = useLocale();
  const name = device.name ?? t("deviceNameless");
  return (
    <li className="set-device">
      <Monitor aria-hidden="true" size={20} />
      <div className="set-device-text">
        <span className="set-device-name">
          <bdi>{name}</bdi>
          {device.thisDevice && <Badge tone="accent">{t("thisDevice")}</Badge>}
          {device.connected && <Badge tone="success">{t("deviceConnected")}</Badge>}
          {device.state === "unfinished" && <Badge tone="warning">{t("deviceUnfinished")}</Badge>}
        </span>
        <small>{t("deviceSince", { at: format.datetime(new Date(device.added)) })}</small>
        {device.state === "unfinished" && <small>{t("deviceUnfinishedText")}</small>}
        <code dir="ltr" title={device.node}>
          {device.node}
        </code>
      </div>
      {!device.thisDevice && (
        <Button variant="ghost" aria-label={t("removeDeviceNamed", { name })} onPress={onRemove}>
          {t("removeDevice")}
        </Button>
      )}
    </li>
  );
}
