import { type ContactDetail, useOs } from "@webx/sdk";
import { AlertDialog, Button, Notice, toast, useLocale } from "@webx/ui";
import Check from "lucide-react/icons/check";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import X from "lucide-react/icons/x";
import { useState } from "react";
import { groupsOf } from "./model";
import { Group } from "./Page";
import { useT } from "./strings";
import { useDo } from "./useContacts";

/** Sixty digits as people read them to each other. */
function Digits({ number, label }: { number: string; label: string }) {
  return (
    <ol className="con-number" dir="ltr" aria-label={label}>
      {groupsOf(number).map((group, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is what identifies a group; groups may repeat
        <li key={at}>{group}</li>
      ))}
    </ol>
  );
}

/** The number that both sides see alike, unless somebody stands between them. */
export function Safety({ detail }: { detail: ContactDetail }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const [differs, setDiffers] = useState(false);
  const [busy, setBusy] = useState(false);
  const { contact, safetyNumber } = detail;
  if (!safetyNumber)
    return (
      <Group title={t("safety")}>
        <Notice>{t("safetyNone", { name: contact.name })}</Notice>
      </Group>
    );
  const same = async () => {
    setBusy(true);
    if (await attempt(() => os.contacts.verify(contact.did, safetyNumber)))
      toast({ level: "success", title: t("nowVerified", { name: contact.name }) });
    setDiffers(false);
    setBusy(false);
  };
  const verified = contact.trust === "verified" && contact.verified;
  return (
    <Group title={t("safety")} text={t("safetyText", { name: contact.name })}>
      {verified && <Notice level="success">{t("safetyVerified", { at: format.date(new Date(verified)) })}</Notice>}
      <Digits number={safetyNumber} label={t("safety")} />
      <div className="con-actions">
        <Button icon={<X />} onPress={() => setDiffers(true)}>
          {t("differs")}
        </Button>
        <Button variant="primary" icon={<Check />} isPending={busy} onPress={same}>
          {t("same")}
        </Button>
      </div>
      {differs && (
        <Notice level="error" title={t("differsTitle")}>
          {t("differsText", { name: contact.name })}
        </Notice>
      )}
    </Group>
  );
}

/** The keys are others than before: what that may mean, what is stopped, and the way on. */
export function Changed({ detail }: { detail: ContactDetail }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const [asking, setAsking] = useState(false);
  const { contact, safetyNumber, changes } = detail;
  const last = changes.find(change => change.what !== "fork" && !change.accepted);
  const accept = async () => {
    if (safetyNumber && (await attempt(() => os.contacts.accept(contact.did, safetyNumber))))
      toast({ title: t("acceptedNow", { name: contact.name }) });
  };
  return (
    <section className="con-changed" aria-label={t("changedTitle", { name: contact.name })}>
      <header>
        <TriangleAlert size={22} aria-hidden="true" />
        <h2>{t("changedTitle", { name: contact.name })}</h2>
      </header>
      {last && (
        <p>
          {t(last.what === "otherThanCard" ? "changedCard" : "changedWhen", {
            at: format.datetime(new Date(last.at)),
            came: last.added.length,
            went: last.removed.length,
          })}
        </p>
      )}
      <p>{t("changedWhy")}</p>
      <p>
        <strong>{t("changedStops", { name: contact.name })}</strong>
      </p>
      <div className="con-numbers">
        {detail.previousNumber && (
          <div>
            <h3>{t("numberBefore")}</h3>
            <Digits number={detail.previousNumber} label={t("numberBefore")} />
          </div>
        )}
        {safetyNumber && (
          <div>
            <h3>{t("numberNow")}</h3>
            <Digits number={safetyNumber} label={t("numberNow")} />
          </div>
        )}
      </div>
      <p>{t("changedCompare")}</p>
      <div className="con-actions">
        <Button onPress={() => setAsking(true)}>{t("accept")}</Button>
      </div>
      <AlertDialog
        title={t("acceptTitle", { name: contact.name })}
        isOpen={asking}
        onOpenChange={setAsking}
        action={t("accept")}
        onAction={accept}
        danger
      >
        {t("acceptText", { name: contact.name })}
      </AlertDialog>
    </section>
  );
}
