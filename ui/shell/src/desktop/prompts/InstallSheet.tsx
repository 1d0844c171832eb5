import { type InstallSource, type Saga, toProblem } from "@webx/sdk";
import { Badge, Button, Dialog, ErrorState, Notice, ProgressBar, toast, useLocale } from "@webx/ui";
import { useEffect, useState } from "react";
import { calls, subscribe } from "../../session";
import { appOf, loadApps, useApps } from "../apps";
import { openApp } from "../os";
import { useText } from "../strings";
import type { Inspection, InstallQuestion } from "./ask";
import { isolation } from "./isolation";
import { Origin } from "./Origin";
import { PermissionList } from "./PermissionList";
import { useAskText } from "./strings";
import { useArmed } from "./useArmed";

type State =
  | { kind: "reading" }
  | { kind: "refused"; code: string; detail: string }
  | { kind: "shown"; package: Inspection }
  | { kind: "working"; package: Inspection; saga: Saga | undefined };

async function inspect(source: InstallSource, signal: AbortSignal): Promise<Inspection> {
  if ("file" in source) return calls.packages.inspect(source.file, signal);
  if ("node" in source)
    return calls.packages.inspect(await calls.files.read(source.node, undefined, undefined, { signal }), signal);
  return calls.packages.inspectFromStore(source.store, source.app, source.version);
}

const OVER: readonly Saga["state"][] = ["done", "failed", "undone", "stuck"];
const LOOK_AGAIN_MS = 2_000;

/** Follows work to its end: by what the node tells, and by asking, should the telling break. */
function followSaga(id: string, changed: (saga: Saga) => void): Promise<Saga> {
  return new Promise(resolve => {
    const hear = (saga: Saga) => {
      if (saga.id !== id) return;
      changed(saga);
      if (!OVER.includes(saga.state)) return;
      stop();
      clearInterval(timer);
      resolve(saga);
    };
    const look = () =>
      void calls.sagas.list().then(
        list => list.filter(saga => saga.id === id).forEach(hear),
        () => undefined,
      );
    const stop = subscribe("sagas", hear);
    const timer = setInterval(look, LOOK_AGAIN_MS);
    look();
  });
}

/** A package before it is installed: who made it, what it may do, and in what it differs from the version that is here. */
export function InstallSheet({ question }: { question: InstallQuestion }) {
  const t = useAskText();
  const desk = useText();
  const [state, setState] = useState<State>({ kind: "reading" });
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each round reads again
  useEffect(() => {
    const controller = new AbortController();
    setState({ kind: "reading" });
    inspect(question.source, controller.signal).then(
      found => !controller.signal.aborted && setState({ kind: "shown", package: found }),
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        const { code, detail, title } = toProblem(reason);
        setState({ kind: "refused", code, detail: detail ?? title });
      },
    );
    return () => controller.abort();
  }, [question.source, round]);

  const install = async (found: Inspection, grant: string[]) => {
    setState({ kind: "working", package: found, saga: undefined });
    try {
      const work = await calls.packages.install(found.upload, grant);
      const saga = await followSaga(work.saga, now =>
        setState(old => (old.kind === "working" ? { ...old, saga: now } : old)),
      );
      if (saga.state !== "done") throw new Error(saga.reason ?? t("installFailed"));
      await loadApps();
      const { name } = found.manifest;
      toast({
        level: "success",
        title: found.update ? t("updated", { app: name }) : t("installed", { app: name }),
        ...(appOf(work.install) ? { action: { label: desk("open"), onAction: () => openApp(work.install) } } : {}),
      });
      question.answer(work);
    } catch (reason) {
      setState({ kind: "refused", code: "failed", detail: toProblem(reason).message });
    }
  };

  if (state.kind === "shown")
    return <Offer found={state.package} question={question} install={grant => void install(state.package, grant)} />;

  const close = () => question.answer(null);
  return (
    <Dialog
      title={state.kind === "refused" ? t("refusedTitle") : state.kind === "reading" ? t("reading") : t("installing")}
      isOpen
      isDismissable={false}
      onOpenChange={open => !open && close()}
      className="ask"
      footer={<Button onPress={close}>{state.kind === "working" ? t("background") : t("close")}</Button>}
    >
      {state.kind === "refused" ? (
        <ErrorState title={t("refused")} onRetry={() => setRound(round + 1)}>
          <p>{state.detail}</p>
          <p className="ask-note">{t("refusedNote")}</p>
        </ErrorState>
      ) : state.kind === "reading" ? (
        <ProgressBar label={t("readingNote")} />
      ) : (
        <Working saga={state.saga} name={state.package.manifest.name} />
      )}
    </Dialog>
  );
}

function Working({ saga, name }: { saga: Saga | undefined; name: string }) {
  const t = useAskText();
  const done = saga?.steps.filter(each => each.state === "done").length ?? 0;
  const all = saga?.steps.length ?? 0;
  const share = saga?.progress ?? 0;
  return (
    <ProgressBar label={t("installingNamed", { app: name })} value={all > 0 ? done + share : undefined} max={all} />
  );
}

function Offer({
  found,
  question,
  install,
}: {
  found: Inspection;
  question: InstallQuestion;
  install: (grant: string[]) => void;
}) {
  const t = useAskText();
  const { format } = useLocale();
  const armed = useArmed(question.id);
  const apps = useApps(state => state.list);
  const { manifest, publisher, update } = found;
  const required = found.added.filter(each => each.required);
  const optional = found.added.filter(each => !each.required);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const twin = update
    ? undefined
    : apps.find(each => each.info && each.id === manifest.id && each.info.publisher.hash !== publisher.hash);
  const reduced = isolation() === "reduced";
  const quiet = update !== undefined && update !== null && found.added.length === 0;

  return (
    <Dialog
      title={update ? t("updateTitle", { app: manifest.name }) : t("installTitle", { app: manifest.name })}
      isOpen
      isDismissable={false}
      onOpenChange={open => !open && question.answer(null)}
      className="ask"
      footer={
        <>
          <Button onPress={() => question.answer(null)}>{t("cancel")}</Button>
          <Button
            variant="primary"
            isDisabled={!armed}
            onPress={() => install([...required.map(each => each.key), ...chosen])}
          >
            {update ? t("update") : t("install")}
          </Button>
        </>
      }
    >
      <Origin
        name={manifest.name}
        publisher={publisher}
        icon={found.icon ? <img className="ask-icon" src={found.icon} alt="" width={52} height={52} /> : null}
      >
        <span className="ask-facts">
          <Badge>
            {update
              ? t("fromTo", { from: update.from, to: manifest.version })
              : t("version", { version: manifest.version })}
          </Badge>
          <Badge>{format.bytes(found.size)}</Badge>
          {manifest.backend && <Badge tone="warning">{t("hasBackend", { kind: manifest.backend })}</Badge>}
          {manifest.entry === "iframe" && <Badge>{t("webApp")}</Badge>}
        </span>
      </Origin>
      {manifest.description && <p dir="auto">{manifest.description}</p>}
      {found.warnings.map(warning => (
        <Notice key={warning} level="warning">
          {warning}
        </Notice>
      ))}
      {twin && <Notice level="warning">{t("otherPublisher", { app: manifest.name })}</Notice>}
      {quiet && <p className="ask-quiet">{t("nothingNew")}</p>}
      {required.length > 0 && (
        <section>
          <h3 className="ask-heading">{update ? t("newRequired") : t("required")}</h3>
          <PermissionList label={t("required")} permissions={required} />
        </section>
      )}
      {optional.length > 0 && (
        <section>
          <h3 className="ask-heading">{t("optional")}</h3>
          <PermissionList label={t("optional")} permissions={optional} chosen={chosen} onChange={setChosen} />
        </section>
      )}
      {found.dropped.length > 0 && (
        <section>
          <h3 className="ask-heading">{t("dropped")}</h3>
          <ul className="ask-dropped">
            {found.dropped.map(key => (
              <li key={key}>
                <code dir="ltr">{key}</code>
              </li>
            ))}
          </ul>
        </section>
      )}
      {!update && found.added.length === 0 && <p className="ask-quiet">{t("asksNothing")}</p>}
      <p className="ask-note">{reduced ? t("isolationReduced") : t("isolationFull")}</p>
    </Dialog>
  );
}
