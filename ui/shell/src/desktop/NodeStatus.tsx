import type { Status, Usage } from "@webx/sdk";
import { Button, KeyValue, Meter, useLocale } from "@webx/ui";
import ListChecks from "lucide-react/icons/list-checks";
import ShieldCheck from "lucide-react/icons/shield-check";
import { useEffect, useState } from "react";
import { WORK } from "./apps";
import { useNotifications } from "./notifications";
import { openApp, os } from "./os";
import { useText } from "./strings";

/** A few facts about the node, asked for when the card opens. */
export function NodeStatus() {
  const t = useText();
  const { format } = useLocale();
  const online = useNotifications(state => state.online);
  const [status, setStatus] = useState<Status>();
  const [usage, setUsage] = useState<Usage>();
  useEffect(() => {
    let gone = false;
    os.system.status().then(
      value => !gone && setStatus(value),
      () => undefined,
    );
    os.files.usage().then(
      value => !gone && setUsage(value),
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, []);
  return (
    <>
      <p className="status-line">
        <ShieldCheck size={18} aria-hidden="true" /> {t("statusEncrypted")}
      </p>
      <KeyValue
        items={[
          { label: t("connection"), value: online ? t("statusOnline") : t("statusOffline") },
          { label: t("version"), value: status?.version ?? "…" },
          ...(usage ? [{ label: t("files"), value: format.number(usage.files) }] : []),
        ]}
      />
      {usage && (
        <Meter
          label={t("storage")}
          value={usage.stored}
          max={usage.quota ?? Math.max(usage.stored * 2, 1)}
          valueText={
            usage.quota
              ? t("storageOf", { used: format.bytes(usage.stored), all: format.bytes(usage.quota) })
              : format.bytes(usage.stored)
          }
        />
      )}
      <Button size="sm" icon={<ListChecks />} onPress={() => openApp(WORK)}>
        {t("runningWork")}
      </Button>
    </>
  );
}
