import { type ContactItem, useLoad, useOs } from "@webx/sdk";
import { Button, Checkbox, Dialog, ErrorState, Notice, Select, SkeletonList } from "@webx/ui";
import { useState } from "react";
import { useT } from "./strings";
import { WordsForm } from "./WordsForm";

/** Most guardians that a set of shares can have. */
const MOST = 16;

/** Contacts are chosen, then the words are typed, then each of them gets a share. */
export function ChooseGuardians({ chosen, onClose }: { chosen: readonly string[]; onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("contacts", () => os.contacts.list());
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set(chosen));
  const [needed, setNeeded] = useState<number>();
  const [typing, setTyping] = useState(false);
  const people = (data ?? []).filter(each => each.trust === "new" || each.trust === "verified");
  const wanted = people.filter(each => picked.has(each.did)).map(each => each.did);
  const threshold = Math.min(needed ?? Math.floor(wanted.length / 2) + 1, wanted.length);
  const pick = (did: string, isPicked: boolean) => {
    const next = new Set(picked);
    if (isPicked) next.add(did);
    else next.delete(did);
    setPicked(next);
  };
  return (
    <Dialog title={t("guardiansChoose")} isOpen onOpenChange={now => !now && onClose()} isDismissable={false}>
      <div className="set-form">
        {problem ? (
          <ErrorState onRetry={reload}>{problem.message}</ErrorState>
        ) : !data ? (
          <SkeletonList rows={3} height={40} />
        ) : typing ? (
          <WordsForm
            text={t("guardiansWords", { needed: threshold, count: wanted.length })}
            action={t("guardiansGive")}
            cancel={t("cancel")}
            onCancel={onClose}
            onWords={async words => {
              await os.guardians.appoint(words, threshold, wanted);
              onClose();
            }}
          />
        ) : (
          <>
            <p>{t("guardiansChooseText")}</p>
            {people.length < 2 && <Notice>{t("guardiansNoContacts")}</Notice>}
            <People people={people} picked={picked} full={wanted.length >= MOST} onPick={pick} />
            {wanted.length >= 2 && (
              <Select
                label={t("guardiansThreshold")}
                options={wanted.slice(1).map((_, at) => ({
                  id: String(at + 2),
                  label: t("guardiansOf", { needed: at + 2, count: wanted.length }),
                }))}
                value={String(threshold)}
                onChange={id => setNeeded(Number(id))}
              />
            )}
            <div className="set-actions">
              <Button onPress={onClose}>{t("cancel")}</Button>
              <Button
                variant="primary"
                onPress={() => setTyping(true)}
                {...(wanted.length >= 2 ? {} : { disabledReason: t("guardiansTwo") })}
              >
                {t("guardiansNext")}
              </Button>
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}

function People({
  people,
  picked,
  full,
  onPick,
}: {
  people: readonly ContactItem[];
  picked: ReadonlySet<string>;
  full: boolean;
  onPick: (did: string, picked: boolean) => void;
}) {
  const t = useT();
  return (
    <fieldset className="set-people">
      <legend className="wx-visually-hidden">{t("guardiansChoose")}</legend>
      {people.map(each => (
        <Checkbox
          key={each.did}
          isSelected={picked.has(each.did)}
          isDisabled={full && !picked.has(each.did)}
          onChange={now => onPick(each.did, now)}
        >
          <bdi>{each.name}</bdi>
        </Checkbox>
      ))}
    </fieldset>
  );
}
