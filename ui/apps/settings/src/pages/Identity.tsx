import { type Identity as Person, useIdentity, useOs } from "@webx/sdk";
import { Avatar, Badge, Button, KeyValue, TextField, useLocale } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { CheckWords } from "../CheckWords";
import { History } from "../History";
import { Group, Line, Page, Pending } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";

/** Who lives here, and how to come back when everything is lost. */
export function Identity() {
  const t = useT();
  const { data, problem, reload } = useIdentity();
  if (!data) return <Pending title={t("identity")} problem={problem} onRetry={reload} />;
  return (
    <Page title={t("identity")}>
      <Names person={data} key={`${data.displayName}\n${data.deviceName}`} />
      <Recovery person={data} onChecked={reload} />
      <Identifiers person={data} />
      <Group title={t("history")} text={t("historyText")}>
        <History log={data.log} />
      </Group>
    </Page>
  );
}

function Names({ person }: { person: Person }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [displayName, setDisplayName] = useState(person.displayName);
  const [deviceName, setDeviceName] = useState(person.deviceName);
  const [busy, setBusy] = useState(false);
  const complete = displayName.trim() !== "" && deviceName.trim() !== "";
  const changed = displayName.trim() !== person.displayName || deviceName.trim() !== person.deviceName;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (!complete || !changed || busy) return;
    setBusy(true);
    await attempt(() => os.identity.patch({ displayName: displayName.trim(), deviceName: deviceName.trim() }));
    setBusy(false);
  };
  return (
    <Group title={t("profile")} text={t("profileText")}>
      <form className="set-profile" onSubmit={save}>
        <Avatar name={displayName || person.displayName} seed={person.did} size={64} />
        <div className="set-fields">
          <TextField
            label={t("yourName")}
            autoComplete="name"
            maxLength={64}
            value={displayName}
            onChange={setDisplayName}
            error={displayName.trim() === "" ? t("nameMissing") : undefined}
          />
          <TextField
            label={t("deviceName")}
            autoComplete="off"
            maxLength={64}
            value={deviceName}
            onChange={setDeviceName}
            error={deviceName.trim() === "" ? t("nameMissing") : undefined}
          />
          <Button type="submit" variant="primary" isPending={busy} isDisabled={!changed || !complete}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Group>
  );
}

function Recovery({ person, onChecked }: { person: Person; onChecked: () => void }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  return (
    <Group title={t("recovery")} text={t("recoveryText")}>
      <Line
        label={
          <Badge tone={person.recoveryConfirmed ? "success" : "warning"}>
            {t(person.recoveryConfirmed ? "recoveryConfirmed" : "recoveryOpen")}
          </Badge>
        }
        text={t(person.recoveryConfirmed ? "recoveryConfirmedText" : "recoveryOpenText")}
      >
        <Button variant={person.recoveryConfirmed ? "secondary" : "primary"} onPress={() => setOpen(true)}>
          {t("checkWords")}
        </Button>
      </Line>
      {open && <CheckWords onClose={() => setOpen(false)} onMatch={onChecked} />}
    </Group>
  );
}

function Identifiers({ person }: { person: Person }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  return (
    <Group title={t("identifiers")} text={t("identifiersText")}>
      <KeyValue
        onCopy={text => os.clipboard.writeText(text)}
        items={[
          { label: t("did"), value: <bdi dir="ltr">{person.did}</bdi>, mono: true, copy: person.did },
          { label: t("deviceDid"), value: <bdi dir="ltr">{person.deviceDid}</bdi>, mono: true, copy: person.deviceDid },
          { label: t("since"), value: format.datetime(new Date(person.createdAt)) },
        ]}
      />
    </Group>
  );
}
