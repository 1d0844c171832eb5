import { type ContactDetail, type ContactItem, type ContactTrust, toProblem, useOs } from "@webx/sdk";
import {
  AlertDialog,
  Avatar,
  Badge,
  type BadgeTone,
  Button,
  CopyButton,
  ErrorState,
  KeyValue,
  Notice,
  SkeletonList,
  TextField,
  toast,
  useLocale,
} from "@webx/ui";
import Ban from "lucide-react/icons/ban";
import Radio from "lucide-react/icons/radio";
import Trash2 from "lucide-react/icons/trash-2";
import { type FormEvent, useState } from "react";
import { Space } from "./Copies";
import { shortId } from "./model";
import { Group } from "./Page";
import { Changed, Safety } from "./Safety";
import { useT } from "./strings";
import { Transfers } from "./Transfers";
import { useContact, useDo } from "./useContacts";

const TONES: Readonly<Record<ContactTrust, BadgeTone>> = {
  new: "neutral",
  verified: "success",
  changed: "warning",
  blocked: "danger",
};

/** One person: who, whether still the same, on which devices, and what one wrote about him. */
export function Person({ did, onGone }: { did: string; onGone: () => void }) {
  const t = useT();
  const { data, problem, reload } = useContact(did);
  if (!data)
    return problem ? (
      <ErrorState title={t("personFailed")} onRetry={reload}>
        {problem.message}
      </ErrorState>
    ) : (
      <SkeletonList rows={5} height={72} />
    );
  const { contact } = data;
  return (
    <>
      <header className="con-head">
        <Avatar name={contact.name} seed={contact.did} size={64} />
        <div className="con-head-text">
          <h2>
            <bdi>{contact.name}</bdi>
          </h2>
          <p className="con-line">
            <Badge tone={TONES[contact.trust]}>{t(`trust_${contact.trust}`)}</Badge>
            <span className="con-quiet">{t(`trust_${contact.trust}_text`)}</span>
          </p>
        </div>
      </header>
      {contact.trust === "changed" && <Changed detail={data} />}
      <Transfers contact={contact} />
      <Space contact={contact} />
      <Safety detail={data} />
      <Devices contact={contact} onMet={reload} />
      <Words key={`${contact.name}\n${contact.note}`} contact={contact} />
      <Facts contact={contact} />
      <History detail={data} />
      <Ends contact={contact} onGone={onGone} />
    </>
  );
}

function Devices({ contact, onMet }: { contact: ContactItem; onMet: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const { devices, met } = contact;
  const first = devices[0]?.node ?? contact.cardNode;
  const look = async () => {
    if (!first) return;
    setBusy(true);
    setRefused(undefined);
    try {
      const { did } = await os.network.ping(first);
      if (did === contact.did) toast({ level: "success", title: t("found", { name: contact.name }) });
      else setRefused(t("foundOther"));
      onMet();
    } catch (reason) {
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  return (
    <Group
      title={t("devices")}
      text={met ? t("devicesMet", { at: format.relative(new Date(met)) }) : t(first ? "devicesCard" : "devicesNone")}
    >
      {devices.length > 0 && (
        <ul className="con-devices" aria-label={t("devices")}>
          {devices.map(({ node, connected }) => (
            <li key={node}>
              <code dir="ltr">{shortId(node)}</code>
              <CopyButton text={node} label={t("copyNode")} onCopy={text => os.clipboard.writeText(text)} />
              <Badge tone={connected ? "success" : "neutral"}>{t(connected ? "connected" : "notConnected")}</Badge>
            </li>
          ))}
        </ul>
      )}
      {refused && (
        <Notice level="error" title={t("notFound")}>
          {refused}
        </Notice>
      )}
      {first && (
        <div className="con-actions">
          <Button icon={<Radio />} isPending={busy} onPress={look}>
            {t("look")}
          </Button>
        </div>
      )}
    </Group>
  );
}

/** Most bytes of a name and of a note are the node's to check; these are letters. */
const NAME = 64;
const NOTE = 2000;

function Words({ contact }: { contact: ContactItem }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [name, setName] = useState(contact.name);
  const [note, setNote] = useState(contact.note);
  const [busy, setBusy] = useState(false);
  const renamed = name.trim() !== contact.name;
  const changed = renamed || note !== contact.note;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !changed || name.trim() === "") return;
    setBusy(true);
    const done = await attempt(async () => {
      if (note !== contact.note) await os.contacts.note(contact.did, note);
      if (renamed) await os.contacts.rename(contact.did, name.trim());
    });
    if (done) toast({ level: "success", title: t("saved") });
    setBusy(false);
  };
  return (
    <Group title={t("words")} text={t("wordsText")}>
      <form className="con-form" onSubmit={submit}>
        <TextField
          label={t("name")}
          autoComplete="off"
          maxLength={NAME}
          value={name}
          onChange={setName}
          error={name.trim() === "" ? t("nameMissing") : undefined}
        />
        <TextField label={t("note")} rows={3} autoComplete="off" maxLength={NOTE} value={note} onChange={setNote} />
        <div className="con-actions">
          <Button type="submit" isPending={busy} isDisabled={!changed || name.trim() === ""}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Group>
  );
}

function Facts({ contact }: { contact: ContactItem }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  return (
    <Group title={t("facts")}>
      <KeyValue
        onCopy={text => os.clipboard.writeText(text)}
        items={[
          { label: t("did"), value: contact.did, mono: true, copy: contact.did },
          { label: t("origin"), value: t(`origin_${contact.origin}`) },
          { label: t("added"), value: format.datetime(new Date(contact.added)) },
          ...(contact.verified ? [{ label: t("verified"), value: format.datetime(new Date(contact.verified)) }] : []),
        ]}
      />
    </Group>
  );
}

function History({ detail }: { detail: ContactDetail }) {
  const t = useT();
  const { format } = useLocale();
  if (detail.changes.length === 0) return null;
  return (
    <Group title={t("history")}>
      <ul className="con-history">
        {detail.changes.map(change => (
          <li key={`${change.at} ${change.what}`}>
            <span>{t(`change_${change.what}`)}</span>
            <small>
              <time dateTime={change.at}>{format.datetime(new Date(change.at))}</time>
              {change.added.length > 0 && ` · ${t("devicesCame", { count: change.added.length })}`}
              {change.removed.length > 0 && ` · ${t("devicesWent", { count: change.removed.length })}`}
              {change.accepted && ` · ${t("accepted", { at: format.date(new Date(change.accepted)) })}`}
            </small>
          </li>
        ))}
      </ul>
    </Group>
  );
}

function Ends({ contact, onGone }: { contact: ContactItem; onGone: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [asking, setAsking] = useState(false);
  const blocked = contact.trust === "blocked";
  const block = async () => {
    if (!(await attempt(() => os.contacts.block(contact.did, !blocked)))) return;
    toast({
      title: t(blocked ? "unblocked" : "blockedNow", { name: contact.name }),
      ...(blocked
        ? {}
        : {
            action: {
              label: t("undo"),
              onAction: () => void attempt(() => os.contacts.block(contact.did, false)),
            },
          }),
    });
  };
  const remove = async () => {
    if (await attempt(() => os.contacts.remove(contact.did))) {
      toast({ title: t("removed", { name: contact.name }) });
      onGone();
    }
  };
  return (
    <Group title={t("ends")} text={t("endsText")}>
      <div className="con-actions">
        <Button icon={<Ban />} onPress={block}>
          {t(blocked ? "unblock" : "block")}
        </Button>
        <Button variant="danger" icon={<Trash2 />} onPress={() => setAsking(true)}>
          {t("remove")}
        </Button>
      </div>
      <AlertDialog
        title={t("removeTitle", { name: contact.name })}
        isOpen={asking}
        onOpenChange={setAsking}
        action={t("remove")}
        onAction={remove}
        danger
      >
        {t("removeText")}
      </AlertDialog>
    </Group>
  );
}
