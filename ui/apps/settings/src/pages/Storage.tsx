import { type Usage, useOs, useSettings, useUsage } from "@webx/sdk";
import { AlertDialog, Button, Meter, Select, toast, useLocale } from "@webx/ui";
import FolderClosed from "lucide-react/icons/folder-closed";
import Trash2 from "lucide-react/icons/trash-2";
import { useState } from "react";
import { Group, Line, Page, Pending } from "../Page";
import { useT } from "../strings";
import { useChange, useDo } from "../useChange";
import { Verify } from "../Verify";
import { WebDav } from "../WebDav";

/** What the disk holds, and whether all of it is sound. */
export function Storage() {
  const t = useT();
  const { data, problem, reload } = useUsage();
  if (!data) return <Pending title={t("storage")} problem={problem} onRetry={reload} />;
  return (
    <Page title={t("storage")}>
      <Held usage={data} onChange={reload} />
      <Quota usage={data} />
      <Verify />
      <WebDav />
    </Page>
  );
}

function Held({ usage, onChange }: { usage: Usage; onChange: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const [asking, setAsking] = useState(false);
  const parts = [
    { id: "current", label: t("usageCurrent"), bytes: usage.logical },
    { id: "versions", label: t("usageVersions"), bytes: usage.versions },
    { id: "trash", label: t("usageTrash"), bytes: usage.trash },
  ];
  const empty = async () => {
    if (!(await attempt(() => os.files.emptyTrash()))) return;
    toast({ level: "success", title: t("trashEmptied") });
    onChange();
  };
  return (
    <Group title={t("held")} text={t("heldText", { files: usage.files, folders: usage.folders, stored: usage.stored })}>
      <div className="set-usage" aria-hidden="true">
        {parts
          .filter(part => part.bytes > 0)
          .map(part => (
            <span key={part.id} className={`set-usage-${part.id}`} style={{ flexGrow: part.bytes, flexBasis: 3 }} />
          ))}
      </div>
      <ul className="set-legend">
        {parts.map(part => (
          <li key={part.id}>
            <span className={`set-legend-dot set-usage-${part.id}`} aria-hidden="true" />
            <span className="set-legend-label">{part.label}</span>
            <span className="set-legend-value">{format.bytes(part.bytes)}</span>
          </li>
        ))}
      </ul>
      <Line label={t("trash")} text={t("trashText")}>
        <Button icon={<FolderClosed />} onPress={() => os.windows.open("files", { trash: true })}>
          {t("open")}
        </Button>
        <Button
          icon={<Trash2 />}
          onPress={() => setAsking(true)}
          {...(usage.trash === 0 ? { disabledReason: t("trashIsEmpty") } : {})}
        >
          {t("emptyTrash")}
        </Button>
      </Line>
      <AlertDialog
        title={t("emptyTrashTitle")}
        isOpen={asking}
        onOpenChange={setAsking}
        action={t("emptyTrash")}
        onAction={empty}
        danger
      >
        {t("emptyTrashText", { size: usage.trash })}
      </AlertDialog>
    </Group>
  );
}

const GB = 1_000_000_000;
const QUOTAS = ["0", "10", "50", "100", "250", "500", "1000"] as const;
type QuotaId = (typeof QUOTAS)[number] | "own";

function Quota({ usage }: { usage: Usage }) {
  const t = useT();
  const change = useChange();
  const { format } = useLocale();
  const { data: settings } = useSettings();
  const quota = settings?.quotaBytes ?? usage.quota ?? 0;
  const known = QUOTAS.find(id => Number(id) * GB === quota);
  const options: { id: QuotaId; label: string }[] = QUOTAS.map(id => ({
    id,
    label: id === "0" ? t("quotaNone") : format.bytes(Number(id) * GB),
  }));
  if (!known) options.unshift({ id: "own", label: format.bytes(quota) });
  return (
    <Group title={t("quota")} text={t("quotaText")}>
      {quota > 0 && (
        <Meter
          label={t("quotaUsed")}
          value={Math.min(usage.stored, quota)}
          max={quota}
          valueText={t("quotaOf", { used: usage.stored, quota })}
        />
      )}
      <Line label={t("quotaMost")}>
        <Select<QuotaId>
          aria-label={t("quotaMost")}
          className="set-select"
          options={options}
          value={known ?? "own"}
          onChange={id => id !== "own" && change({ quotaBytes: Number(id) * GB })}
        />
      </Line>
    </Group>
  );
}
