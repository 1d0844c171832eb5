import { isProblem, toProblem, useOs } from "@webx/sdk";
import { Button, Checkbox, TextField, toast } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { isCard } from "./model";
import { Group } from "./Page";
import { type T, useT } from "./strings";

/** Why somebody was not added, in the person's language; the node's own words where we have none. */
function explain(reason: unknown, t: T): string {
  if (isProblem(reason, "known")) return t("known");
  if (isProblem(reason, "myself")) return t("myself");
  return isProblem(reason, "bad-did") ? t("badDid") : toProblem(reason).message;
}

/** Somebody new, by card or DID. */
export function Add({ text: given, onAdded }: { text: string; onAdded: (did: string) => void }) {
  const t = useT();
  const os = useOs();
  const [text, setText] = useState(given);
  const [name, setName] = useState("");
  const [inPerson, setInPerson] = useState(false);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const [refused, setRefused] = useState<string>();
  const card = isCard(text);
  const nameMissing = !card && name.trim() === "";
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (busy || text.trim() === "" || nameMissing) return;
    setBusy(true);
    setRefused(undefined);
    try {
      const contact = await os.contacts.add({
        text: text.trim(),
        ...(name.trim() === "" ? {} : { name: name.trim() }),
        ...(card && inPerson ? { inPerson } : {}),
      });
      toast({ level: "success", title: t("addedNow", { name: contact.name }) });
      onAdded(contact.did);
    } catch (reason) {
      setRefused(explain(reason, t));
      setBusy(false);
    }
  };
  return (
    <>
      <h2 className="con-title">{t("add")}</h2>
      <Group title={t("addHow")} text={t("addHowText")}>
        <form className="con-form" onSubmit={submit}>
          <TextField
            label={t("addText")}
            description={t("addHelp")}
            placeholder="webx:contact:… / did:…"
            rows={4}
            autoFocus
            autoComplete="off"
            spellCheck="false"
            maxLength={4096}
            value={text}
            onChange={value => {
              setText(value);
              setRefused(undefined);
            }}
            error={refused ?? (tried && text.trim() === "" ? t("addMissing") : undefined)}
          />
          <TextField
            label={t("name")}
            description={t(card ? "nameOfCard" : "nameHelp")}
            autoComplete="off"
            maxLength={64}
            value={name}
            onChange={setName}
            error={tried && nameMissing ? t("nameMissing") : undefined}
          />
          {card && (
            <Checkbox isSelected={inPerson} onChange={setInPerson}>
              {t("inPerson")}
              <small className="con-choice">{t("inPersonText")}</small>
            </Checkbox>
          )}
          <div className="con-actions">
            <Button type="submit" variant="primary">
              {t("addNow")}
            </Button>
          </div>
        </form>
      </Group>
    </>
  );
}
