import { type NetworkInvite, type NetworkReach, toProblem, useOs } from "@webx/sdk";
import { Button, CopyButton, Notice, QrCode, Select, TextField, useLocale } from "@webx/ui";
import Plus from "lucide-react/icons/plus";
import { type FormEvent, useEffect, useState } from "react";
import { shortId } from "./labels";
import { Command } from "./Off";
import { Group } from "./Page";
import { useT } from "./strings";

/** The two ends of an invite. */
export function Invite({ reach, wanted }: { reach: NetworkReach; wanted: string | undefined }) {
  return (
    <div className="net-page net-narrow">
      <Join wanted={wanted} />
      <Write reach={reach} />
    </div>
  );
}

const HOURS = ["1", "24", "168", "720"] as const;
type Hours = (typeof HOURS)[number];
/** Most bytes of a label, as the link's format has it. */
const LABEL = 64;

function Write({ reach }: { reach: NetworkReach }) {
  const t = useT();
  const os = useOs();
  const [label, setLabel] = useState("");
  const [hours, setHours] = useState<Hours>("24");
  const [busy, setBusy] = useState(false);
  const [invite, setInvite] = useState<NetworkInvite>();
  const [refused, setRefused] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setRefused(undefined);
    try {
      setInvite(await os.network.invite({ label: label.trim(), hours: Number(hours) }));
    } catch (reason) {
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  return (
    <Group title={t("write")} text={t("writeText")}>
      {reach === "loopback" && (
        <Notice>
          {t("writeLoopback")} <Command />
        </Notice>
      )}
      <form className="net-form" onSubmit={submit}>
        <div className="net-fields">
          <TextField
            label={t("label")}
            description={t("labelText")}
            autoComplete="off"
            maxLength={LABEL}
            value={label}
            onChange={setLabel}
          />
          <Select<Hours>
            label={t("holds")}
            options={HOURS.map(id => ({ id, label: t(`holds_${id}`) }))}
            value={hours}
            onChange={setHours}
          />
        </div>
        {refused && <Notice level="error">{refused}</Notice>}
        <div className="net-actions">
          <Button type="submit" variant={invite ? "secondary" : "primary"} icon={<Plus />} isPending={busy}>
            {t(invite ? "another" : "writeNow")}
          </Button>
        </div>
      </form>
      {invite && <Written invite={invite} />}
    </Group>
  );
}

function Written({ invite }: { invite: NetworkInvite }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  return (
    <div className="net-written">
      <QrCode text={invite.invite} label={t("qr")} size={260} />
      <div className="net-written-text">
        <p role="status">{t("written", { at: format.datetime(new Date(invite.expires)) })}</p>
        <p className="net-quiet">{t("writtenTruth")}</p>
        <div className="net-copy">
          <code dir="ltr">{invite.invite}</code>
          <CopyButton text={invite.invite} label={t("copyLink")} onCopy={text => os.clipboard.writeText(text)} />
        </div>
      </div>
    </div>
  );
}

function Join({ wanted }: { wanted: string | undefined }) {
  const t = useT();
  const os = useOs();
  const [text, setText] = useState(wanted ?? "");
  const [busy, setBusy] = useState(false);
  const [by, setBy] = useState<string>();
  const [refused, setRefused] = useState<string>();
  useEffect(() => {
    if (wanted !== undefined) setText(wanted);
  }, [wanted]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || text.trim() === "") return;
    setBusy(true);
    setRefused(undefined);
    setBy(undefined);
    try {
      setBy((await os.network.join(text.trim())).by);
      setText("");
    } catch (reason) {
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  return (
    <Group title={t("join")} text={t("joinText")}>
      <form className="net-form" onSubmit={submit}>
        <TextField
          label={t("joinLink")}
          description={t("joinHelp")}
          placeholder="webx:join?…"
          rows={3}
          autoComplete="off"
          spellCheck="false"
          maxLength={4096}
          value={text}
          onChange={value => {
            setText(value);
            setRefused(undefined);
          }}
          error={refused}
        />
        <div className="net-actions">
          <Button
            type="submit"
            variant="primary"
            isPending={busy}
            {...(text.trim() === "" ? { disabledReason: t("joinMissing") } : {})}
          >
            {t("joinNow")}
          </Button>
        </div>
        <div role="status">
          {by !== undefined && <Notice level="success">{t("joined", { by: shortId(by) })}</Notice>}
        </div>
      </form>
    </Group>
  );
}
