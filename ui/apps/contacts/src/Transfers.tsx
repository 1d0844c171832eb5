import { type ContactItem, type TransferItem, toProblem, useOs } from "@webx/sdk";
import { Badge, type BadgeTone, Button, Notice, ProgressBar, toast, useLocale } from "@webx/ui";
import Check from "lucide-react/icons/check";
import FileUp from "lucide-react/icons/file-up";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import X from "lucide-react/icons/x";
import { useState } from "react";
import { Group } from "./Page";
import { useT } from "./strings";
import { useDo, useTransfers } from "./useContacts";

const TONES: Readonly<Record<TransferItem["state"], BadgeTone>> = {
  waiting: "neutral",
  offered: "accent",
  accepted: "accent",
  done: "success",
  refused: "neutral",
  withdrawn: "neutral",
  failed: "danger",
};

/** What the node says in one word, as far as this app knows the word. */
const WHY = [
  ...(["stranger", "name", "lost", "other", "corrupt", "somebodyElse", "space", "drive"] as const),
  "expired",
] as const;
type Why = (typeof WHY)[number];
const isWhy = (word: string): word is Why => (WHY as readonly string[]).includes(word);

/** Files that this person offers, and those that were offered to this person. */
export function Transfers({ contact }: { contact: ContactItem }) {
  const t = useT();
  const os = useOs();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const { data, problem } = useTransfers(contact.did);
  const barred = contact.trust === "blocked" || contact.trust === "changed";
  const send = async () => {
    setBusy(true);
    setRefused(undefined);
    try {
      for (const file of await os.files.pick({ kind: "file", mode: "read", multiple: true })) {
        await os.transfers.send(contact.did, file.id);
        toast({ level: "success", title: t("fileOffered", { file: file.name, name: contact.name }) });
      }
    } catch (reason) {
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  return (
    <Group title={t("files")} text={t(barred ? "filesBarred" : "filesText", { name: contact.name })}>
      {refused && (
        <Notice level="error" title={t("failed")}>
          {refused}
        </Notice>
      )}
      {problem && <Notice level="error">{problem.message}</Notice>}
      {data && data.length > 0 && (
        <ul className="con-files" aria-label={t("files")}>
          {data.map(transfer => (
            <Transfer key={transfer.id} transfer={transfer} contact={contact} />
          ))}
        </ul>
      )}
      {!barred && (
        <div className="con-actions">
          <Button icon={<FileUp />} isPending={busy} onPress={send}>
            {t("sendFile")}
          </Button>
        </div>
      )}
    </Group>
  );
}

function Transfer({ transfer, contact }: { transfer: TransferItem; contact: ContactItem }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const { id, name, size, moved, moving, incoming, state, why } = transfer;
  const asked = incoming && state === "offered";
  const open = state === "waiting" || state === "offered" || state === "accepted";
  const ending = t(asked ? "fileRefuse" : open ? (incoming ? "fileStop" : "fileWithdraw") : "fileForget");
  const named = (action: string) => t("fileNamed", { action, file: name });
  const end = () => attempt(() => os.transfers.end(id));
  const accept = () => attempt(() => os.transfers.accept(id));
  return (
    <li>
      <div className="con-file">
        <span className="con-file-text">
          <bdi>{name}</bdi>
          <small>
            {format.bytes(size)} · {t(incoming ? "fileFrom" : "fileTo", { name: contact.name })}
            {state === "failed" && ` · ${t(why && isWhy(why) ? `why_${why}` : "why_drive")}`}
            {incoming && state === "done" && ` · ${t("fileThere")}`}
          </small>
        </span>
        <Badge tone={TONES[state]}>{t(asked ? "file_asked" : `file_${state}`)}</Badge>
      </div>
      {asked && (
        <p className="con-quiet">
          {t(contact.trust === "verified" ? "fileVerified" : "fileNotVerified", { name: contact.name })}
        </p>
      )}
      {(moving || (incoming && state === "accepted")) && (
        <ProgressBar
          label={t("fileProgress", { file: name })}
          value={moved}
          max={size || 1}
          valueText={t("fileMoved", { done: format.bytes(moved), total: format.bytes(size) })}
        />
      )}
      <div className="con-actions">
        {asked && (
          <Button variant="primary" icon={<Check />} onPress={accept} aria-label={named(t("fileAccept"))}>
            {t("fileAccept")}
          </Button>
        )}
        {incoming && state === "failed" && (
          <Button icon={<RotateCcw />} onPress={accept} aria-label={named(t("fileRetry"))}>
            {t("fileRetry")}
          </Button>
        )}
        <Button variant="ghost" icon={<X />} onPress={end} aria-label={named(ending)}>
          {ending}
        </Button>
      </div>
    </li>
  );
}
