import { type ContactItem, type CopiesView, type CopyRound, toProblem, useLoad, useOs } from "@webx/sdk";
import { AlertDialog, Button, ErrorState, Notice, SkeletonList, TextField, toast, useLocale } from "@webx/ui";
import CloudDownload from "lucide-react/icons/cloud-download";
import RefreshCw from "lucide-react/icons/refresh-cw";
import { type FormEvent, useState } from "react";
import { gigabytes } from "./model";
import { Group } from "./Page";
import { useT } from "./strings";
import { useDo } from "./useContacts";

/** What is agreed with everybody; changes come back from the calls that make them. */
function useCopies() {
  const os = useOs();
  return useLoad("copies", () => os.copies.view());
}

/** What one contact and this person keep for each other. */
export function Space({ contact }: { contact: ContactItem }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const { data, problem, reload } = useCopies();
  const [typed, setTyped] = useState<string>();
  const [busy, setBusy] = useState(false);
  const barred = contact.trust === "blocked" || contact.trust === "changed";
  if (!data)
    return (
      <Group title={t("copies")}>
        {problem ? <p className="con-quiet">{problem.message}</p> : <SkeletonList rows={1} height={40} />}
      </Group>
    );
  const one = data.agreements.find(each => each.did === contact.did);
  const text = typed ?? String((one?.given ?? 0) / 1e9);
  const bytes = gigabytes(text);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || bytes === undefined) return;
    setBusy(true);
    if (await attempt(() => os.copies.give(contact.did, bytes))) {
      toast({ level: "success", title: t("saved") });
      setTyped(undefined);
      reload();
    }
    setBusy(false);
  };
  return (
    <Group title={t("copies")} text={t("spaceText", { name: contact.name })}>
      <dl className="con-space">
        <dt>{t("spaceTaken", { name: contact.name })}</dt>
        <dd>{t("spaceOf", { used: format.bytes(one?.takenUsed ?? 0), most: format.bytes(one?.taken ?? 0) })}</dd>
        <dt>{t("spaceGiven", { name: contact.name })}</dt>
        <dd>{t("spaceOf", { used: format.bytes(one?.givenUsed ?? 0), most: format.bytes(one?.given ?? 0) })}</dd>
      </dl>
      {one && one.failed > 0 && <Notice level="warning">{t("spaceFailed", { count: one.failed })}</Notice>}
      {!barred && (
        <form className="con-form" onSubmit={submit}>
          <TextField
            label={t("give", { name: contact.name })}
            description={t("giveHint")}
            inputMode="decimal"
            value={text}
            onChange={setTyped}
            {...(bytes === undefined ? { error: t("giveWrong") } : {})}
          />
          <div className="con-actions">
            <Button type="submit" isPending={busy} isDisabled={bytes === undefined || bytes === (one?.given ?? 0)}>
              {t("save")}
            </Button>
          </div>
        </form>
      )}
    </Group>
  );
}

/** Where the drive is besides here. */
export function Copies() {
  const t = useT();
  const { data, problem, reload } = useCopies();
  if (!data)
    return problem ? (
      <ErrorState title={t("copiesFailed")} onRetry={reload}>
        {problem.message}
      </ErrorState>
    ) : (
      <SkeletonList rows={4} height={72} />
    );
  return (
    <>
      <header className="con-head">
        <div className="con-head-text">
          <h2>{t("copies")}</h2>
          <p className="con-quiet">{t("copiesText")}</p>
        </div>
      </header>
      <State view={data} onDone={reload} />
      <Everybody view={data} />
      <Back />
    </>
  );
}

function State({ view, onDone }: { view: CopiesView; onDone: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const [busy, setBusy] = useState(false);
  const now = async () => {
    setBusy(true);
    await attempt(() => os.copies.now());
    onDone();
    setBusy(false);
  };
  return (
    <Group title={t("copiesState")}>
      {view.last ? <Found round={view.last} wanted={view.wanted} /> : <p className="con-quiet">{t("copiesNoRound")}</p>}
      <div className="con-actions">
        <Button icon={<RefreshCw />} isPending={busy} onPress={now}>
          {t("copyNow")}
        </Button>
      </div>
    </Group>
  );
}

function Found({ round, wanted }: { round: CopyRound; wanted: number }) {
  const t = useT();
  if (round.hosts === 0)
    return (
      <Notice level="warning" title={t("copiesNobody")}>
        {t("copiesNobodyText")}
      </Notice>
    );
  const { blocks, hosts, nowhere, lacking, proved, failed } = round;
  return (
    <>
      {nowhere > 0 ? (
        <Notice level="warning">{t("copiesNowhere", { count: nowhere, blocks })}</Notice>
      ) : (
        <p>{t("copiesSafe", { count: hosts })}</p>
      )}
      {lacking > 0 && nowhere === 0 && <p className="con-quiet">{t("copiesLacking", { wanted })}</p>}
      {proved + failed > 0 && <p className="con-quiet">{t("copiesSample", { proved, failed })}</p>}
    </>
  );
}

function Everybody({ view }: { view: CopiesView }) {
  const t = useT();
  const { format } = useLocale();
  if (view.agreements.length === 0) return <p className="con-quiet">{t("copiesNoAgreement")}</p>;
  return (
    <Group title={t("agreements")}>
      <ul className="con-files" aria-label={t("agreements")}>
        {view.agreements.map(each => (
          <li key={each.did}>
            <span className="con-file-text">
              <bdi>{each.contact ?? each.did}</bdi>
              <small>
                {t("agreement", {
                  ...{ taken: format.bytes(each.taken), takenUsed: format.bytes(each.takenUsed) },
                  ...{ given: format.bytes(each.given), givenUsed: format.bytes(each.givenUsed) },
                })}
              </small>
            </span>
          </li>
        ))}
      </ul>
    </Group>
  );
}

/** For the day on which everything else is lost. */
function Back() {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const restore = async () => {
    setAsked(false);
    setBusy(true);
    setRefused(undefined);
    try {
      const { files, bytes } = await os.copies.restore();
      toast({ level: "success", title: t("restored", { count: files, size: format.bytes(bytes) }) });
    } catch (reason) {
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  return (
    <Group title={t("restore")} text={t("restoreText")}>
      {refused && <Notice level="error">{refused}</Notice>}
      <div className="con-actions">
        <Button icon={<CloudDownload />} isPending={busy} onPress={() => setAsked(true)}>
          {t("restoreDo")}
        </Button>
      </div>
      <AlertDialog
        isOpen={asked}
        onOpenChange={setAsked}
        title={t("restoreSure")}
        action={t("restoreDo")}
        onAction={() => void restore()}
      >
        {t("restoreSureText")}
      </AlertDialog>
    </Group>
  );
}
