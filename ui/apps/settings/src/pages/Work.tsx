import { type Saga, useOs, useSagas } from "@webx/sdk";
import { Badge, type BadgeTone, Button, cx, EmptyState, ProgressBar, useLocale } from "@webx/ui";
import Check from "lucide-react/icons/check";
import Circle from "lucide-react/icons/circle";
import CircleDot from "lucide-react/icons/circle-dot";
import ListChecks from "lucide-react/icons/list-checks";
import RotateCw from "lucide-react/icons/rotate-cw";
import Undo2 from "lucide-react/icons/undo-2";
import { useState } from "react";
import { Group, Page, Pending } from "../Page";
import { type T, useT } from "../strings";
import { useDo } from "../useChange";

const TONES: Record<Saga["state"], BadgeTone> = {
  running: "accent",
  done: "success",
  failed: "danger",
  undoing: "warning",
  undone: "neutral",
  stuck: "danger",
};

const isRunning = ({ state }: Saga) => state === "running" || state === "undoing";
const needsYou = ({ state }: Saga) => state === "failed" || state === "stuck";

/** Of what is over, the newest so many. */
const EARLIER = 30;

/** Work in steps that the node finishes or takes back: what runs, what failed, what was. */
export function Work() {
  const t = useT();
  const { data, problem, reload } = useSagas();
  if (!data) return <Pending title={t("work")} problem={problem} onRetry={reload} />;
  const failed = data.filter(needsYou);
  const running = data.filter(isRunning);
  const over = data.filter(saga => !needsYou(saga) && !isRunning(saga));
  return (
    <Page title={t("work")}>
      {data.length === 0 && (
        <Group title={t("workRunning")}>
          <EmptyState icon={<ListChecks />} title={t("workNone")} level={3}>
            {t("workNoneText")}
          </EmptyState>
        </Group>
      )}
      <Sagas title={t("workFailed")} text={t("workFailedText")} sagas={failed} onChange={reload} />
      <Sagas title={t("workRunning")} text={t("workRunningText")} sagas={running} onChange={reload} />
      <Sagas title={t("workOver")} sagas={over.slice(0, EARLIER)} onChange={reload} />
    </Page>
  );
}

function Sagas({
  title,
  text,
  sagas,
  onChange,
}: {
  title: string;
  text?: string;
  sagas: readonly Saga[];
  onChange: () => void;
}) {
  if (sagas.length === 0) return null;
  return (
    <Group title={title} {...(text === undefined ? {} : { text })}>
      <ul className="set-sagas">
        {sagas.map(saga => (
          <SagaRow key={saga.id} saga={saga} onChange={onChange} />
        ))}
      </ul>
    </Group>
  );
}

/** What the work is about, in a few words. */
function titleOf(t: T, { kind, subject }: Saga): string {
  return t("sagaTitle", { kind: kind.replace(/^app\./, ""), subject });
}

/** Shares of the whole: whole steps, and of the current one what it tells. */
export function shareDone({ steps, progress }: Pick<Saga, "steps" | "progress">): number {
  if (steps.length === 0) return 0;
  const done = steps.filter(step => step.state === "done").length;
  const within = done < steps.length ? Math.min(Math.max(progress ?? 0, 0), 1) : 0;
  return (done + within) / steps.length;
}

function SagaRow({ saga, onChange }: { saga: Saga; onChange: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const [busy, setBusy] = useState<"retry" | "undo">();
  const act = async (what: "retry" | "undo") => {
    setBusy(what);
    await attempt(() => os.sagas[what](saga.id));
    setBusy(undefined);
    onChange();
  };
  const title = titleOf(t, saga);
  const current = saga.steps.find(step => step.state === "current");
  return (
    <li className="set-saga">
      <div className="set-saga-head">
        <span className="set-saga-title" dir="auto">
          {title}
        </span>
        <Badge tone={TONES[saga.state]}>{t("sagaState", { state: saga.state })}</Badge>
        <time dateTime={saga.updatedAt}>{format.relative(new Date(saga.updatedAt))}</time>
      </div>
      {isRunning(saga) && (
        <ProgressBar
          label={title}
          hideLabel
          value={shareDone(saga) * 100}
          valueText={t("sagaProgress", { share: Math.round(shareDone(saga) * 100), step: current?.name ?? "" })}
        />
      )}
      {saga.reason && <p className={cx("set-saga-reason", needsYou(saga) && "set-saga-bad")}>{saga.reason}</p>}
      {saga.nextAt && <p className="set-quiet">{t("sagaAgain", { count: saga.attempt, at: new Date(saga.nextAt) })}</p>}
      <details className="set-saga-steps">
        <summary>{t("sagaSteps", { count: saga.steps.length })}</summary>
        <ol>
          {saga.steps.map(step => (
            <li key={step.name} data-state={step.state}>
              {step.state === "done" ? (
                <Check size={14} />
              ) : step.state === "current" ? (
                <CircleDot size={14} />
              ) : (
                <Circle size={14} />
              )}
              <bdi>{step.name}</bdi>
              <span className="wx-visually-hidden">{t("stepState", { state: step.state })}</span>
            </li>
          ))}
        </ol>
      </details>
      {(saga.canRetry || saga.canUndo) && (
        <div className="set-actions">
          {saga.canUndo && (
            <Button icon={<Undo2 />} isPending={busy === "undo"} onPress={() => act("undo")}>
              {t("sagaUndo")}
            </Button>
          )}
          {saga.canRetry && (
            <Button variant="primary" icon={<RotateCw />} isPending={busy === "retry"} onPress={() => act("retry")}>
              {t("retry")}
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
