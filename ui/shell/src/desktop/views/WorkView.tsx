import type { Saga } from "@webx/sdk";
import {
  Badge,
  type BadgeTone,
  Button,
  EmptyState,
  ErrorState,
  ProgressBar,
  SkeletonList,
  toast,
  useLocale,
} from "@webx/ui";
import ListChecks from "lucide-react/icons/list-checks";
import RotateCw from "lucide-react/icons/rotate-cw";
import Undo2 from "lucide-react/icons/undo-2";
import { useCallback, useEffect, useState } from "react";
import { os } from "../os";
import { useText } from "../strings";
import "./views.css";

const TONES: Record<Saga["state"], BadgeTone> = {
  running: "accent",
  done: "success",
  failed: "danger",
  undoing: "warning",
  undone: "neutral",
  stuck: "danger",
};
/** What needs somebody stands first. */
const FIRST: Saga["state"][] = ["stuck", "failed", "running", "undoing"];
const rank = (saga: Saga): number => {
  const at = FIRST.indexOf(saga.state);
  return at < 0 ? FIRST.length : at;
};

function useSagas() {
  const [sagas, setSagas] = useState<readonly Saga[]>();
  const [failed, setFailed] = useState(false);
  const load = useCallback(() => {
    os.sagas.list().then(
      list => {
        setSagas(list);
        setFailed(false);
      },
      () => setFailed(true),
    );
  }, []);
  useEffect(() => {
    load();
    const stops = [
      os.sagas.onChange(saga => setSagas(list => (list ? [saga, ...list.filter(each => each.id !== saga.id)] : list))),
      os.online.onChange(online => online && load()),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [load]);
  return { sagas, failed, load };
}

/** Work that the node does in steps and never loses: what runs, what failed, and what can be done about it. */
export default function WorkView(_: { args?: unknown }) {
  const t = useText();
  const { sagas, failed, load } = useSagas();
  if (failed && !sagas) return <ErrorState title={t("workFailed")} onRetry={load} />;
  if (!sagas) return <SkeletonList />;
  if (sagas.length === 0)
    return (
      <EmptyState icon={<ListChecks />} title={t("workNone")}>
        {t("workNoneHelp")}
      </EmptyState>
    );
  const sorted = sagas.toSorted((a, b) => rank(a) - rank(b) || b.updatedAt.localeCompare(a.updatedAt));
  return (
    <ul className="work-list">
      {sorted.map(saga => (
        <Work key={saga.id} saga={saga} load={load} />
      ))}
    </ul>
  );
}

function Work({ saga, load }: { saga: Saga; load: () => void }) {
  const t = useText();
  const { format } = useLocale();
  const [busy, setBusy] = useState(false);
  const act = async (what: "retry" | "undo") => {
    setBusy(true);
    try {
      await os.sagas[what](saga.id);
      load();
    } catch {
      toast({ level: "error", title: t("workActionFailed") });
    } finally {
      setBusy(false);
    }
  };
  const done = saga.steps.filter(each => each.state === "done").length;
  const runs = saga.state === "running" || saga.state === "undoing";
  const kind = saga.kind.replace(/^app\./, "").replaceAll("-", "");
  return (
    <li className="work">
      <div className="work-head">
        <strong>{t("workNamed", { kind, subject: saga.subject })}</strong>
        <Badge tone={TONES[saga.state]}>{t("workState", { state: saga.state })}</Badge>
        {saga.attempt > 1 && <span>{t("stepAttempts", { count: saga.attempt })}</span>}
        <time dateTime={saga.updatedAt}>{format.relative(new Date(saga.updatedAt))}</time>
      </div>
      {runs && (
        <ProgressBar label={t("workSteps", { done, all: saga.steps.length })} value={done} max={saga.steps.length} />
      )}
      {saga.reason && <p className="work-problem">{saga.reason}</p>}
      <details>
        <summary>{t("workShowSteps", { count: saga.steps.length })}</summary>
        <ol className="work-steps">
          {saga.steps.map((step, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: steps keep their place
            <li key={index} data-state={step.state}>
              <span>{t("stepNamed", { name: step.name })}</span>
              <span>{t("stepState", { state: step.state })}</span>
            </li>
          ))}
        </ol>
      </details>
      {(saga.canRetry || saga.canUndo) && (
        <div className="work-actions">
          {saga.canRetry && (
            <Button size="sm" icon={<RotateCw />} isPending={busy} onPress={() => void act("retry")}>
              {t("tryAgain")}
            </Button>
          )}
          {saga.canUndo && (
            <Button size="sm" icon={<Undo2 />} isPending={busy} onPress={() => void act("undo")}>
              {t("undo")}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
