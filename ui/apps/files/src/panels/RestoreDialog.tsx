// biome-ignore-all lint/a11y/useSemanticElements: a group of buttons, not of fields
import type { Node } from "@webx/sdk";
import { useLoad } from "@webx/sdk";
import { Button, Dialog, Notice, useLocale } from "@webx/ui";
import History from "lucide-react/icons/history";
import { useState } from "react";
import { useFiles } from "../context";
import { type Key, useT } from "../strings";

const MINUTE = 60_000;
const PRESETS = [
  ["tenMinutes", 10 * MINUTE],
  ["hour", 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["week", 7 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
] as const;
const SHOWN = 12;

/** `2026-11-22T10:15` in the person's own time, as a datetime field wants it. */
function fieldValue(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}

/** Picks a moment to which a folder is brought back, or which is only looked at. */
export function RestoreDialog({ folder, onClose }: { folder: Node; onClose: () => void }) {
  const t = useT();
  const { format } = useLocale();
  const { os, actions, go, nameOf } = useFiles();
  const [now] = useState(() => new Date());
  const [at, setAt] = useState(() => new Date(now.getTime() - 60 * MINUTE));
  const [busy, setBusy] = useState(false);
  const then = useLoad(`then ${folder.id} ${at.toISOString()}`, async () => {
    const [past, present] = await Promise.all([
      os.files.list(folder.id, { at: at.toISOString(), limit: SHOWN }),
      os.files.list(folder.id, { limit: 1 }),
    ]);
    return { past, present: present.total };
  });

  const restore = async () => {
    setBusy(true);
    const done = await actions.restoreFolderAt(folder, at.toISOString());
    setBusy(false);
    if (done) onClose();
  };
  return (
    <Dialog
      isOpen
      title={t("restoreTitle", { name: nameOf(folder) })}
      onOpenChange={open => {
        if (!open) onClose();
      }}
      footer={
        <>
          <Button
            onPress={() => {
              go({ kind: "past", id: folder.id, at: at.toISOString() });
              onClose();
            }}
          >
            {t("lookAtIt")}
          </Button>
          <Button variant="primary" isPending={busy} onPress={() => void restore()}>
            {t("restoreHere")}
          </Button>
        </>
      }
    >
      <p>{t("restoreText")}</p>
      <div className="fx-presets" role="group" aria-label={t("moment")}>
        {PRESETS.map(([key, ago]) => (
          <Button key={key} size="sm" onPress={() => setAt(new Date(now.getTime() - ago))}>
            {t(`ago.${key}` as Key)}
          </Button>
        ))}
      </div>
      <label className="fx-moment">
        <span>{t("moment")}</span>
        <input
          type="datetime-local"
          value={fieldValue(at)}
          max={fieldValue(now)}
          onChange={event => {
            const chosen = new Date(event.target.value);
            if (!Number.isNaN(chosen.getTime()) && chosen <= now) setAt(chosen);
          }}
        />
      </label>
      <Notice icon={<History size={18} />}>
        {then.data === undefined
          ? t("loading")
          : t("thenNow", { at, past: then.data.past.total, present: then.data.present })}
      </Notice>
      {then.data !== undefined && then.data.past.total > 0 && (
        <ul className="fx-names">
          {then.data.past.items.map(node => (
            <li key={node.id} dir="auto" title={format.datetime(new Date(node.modified))}>
              {node.name}
            </li>
          ))}
          {then.data.past.total > SHOWN && <li>{t("andMore", { count: then.data.past.total - SHOWN })}</li>}
        </ul>
      )}
    </Dialog>
  );
}
