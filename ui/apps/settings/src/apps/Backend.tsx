import { type App, type BackendState, type BackendStatus, useLoad, useOs } from "@webx/sdk";
import { Badge, type BadgeTone, Button, Notice, SkeletonList, useLocale } from "@webx/ui";
import RotateCw from "lucide-react/icons/rotate-cw";
import { useEffect, useRef, useState } from "react";
import { Group, Line } from "../Page";
import { useT } from "../strings";
import { useDo } from "../useChange";

const TONES: Record<BackendState, BadgeTone> = {
  idle: "neutral",
  starting: "accent",
  running: "success",
  resting: "warning",
  stopped: "danger",
};

/** A running backend writes at any time; it is asked again this often while somebody looks. */
const LOOK_AGAIN_MS = 3000;

/** How the server side of an app stands, and what it last wrote. */
export function Backend({ app }: { app: App }) {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { data, problem, reload } = useLoad(`backend ${app.install}`, () => os.apps.backend(app.install));
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const timer = setInterval(reload, LOOK_AGAIN_MS);
    const stop = os.apps.onChange(event => {
      if (event.install === app.install && event.op === "backend") reload();
    });
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [os, app.install, reload]);
  const restart = async () => {
    setBusy(true);
    await attempt(() => os.apps.restartBackend(app.install));
    setBusy(false);
    reload();
  };
  if (!data)
    return (
      <Group title={t("backend")}>
        {problem ? <Notice level="error">{problem.message}</Notice> : <SkeletonList rows={2} height={40} />}
      </Group>
    );
  return (
    <Group title={t("backend")} text={t("backendText", { kind: data.kind })}>
      <Line
        label={<Badge tone={TONES[data.state]}>{t("backendState", { state: data.state })}</Badge>}
        text={<State status={data} />}
      >
        <Button icon={<RotateCw />} isPending={busy} onPress={restart}>
          {t("backendRestart")}
        </Button>
      </Line>
      {data.problem && <Notice level="error">{data.problem}</Notice>}
      <Log lines={data.log} />
    </Group>
  );
}

function State({ status }: { status: BackendStatus }) {
  const t = useT();
  if (status.nextStartAt) return t("backendNext", { at: new Date(status.nextStartAt) });
  return (
    <>
      {t("backendRestarts", { count: status.restarts })} {t("backendServed", { count: status.served })}
    </>
  );
}

function Log({ lines }: { lines: BackendStatus["log"] }) {
  const t = useT();
  const { format } = useLocale();
  const end = useRef<HTMLDivElement>(null);
  const last = lines.at(-1);
  // Stays at the end while new lines come, unless somebody scrolled up to read.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever there is a new last line
  useEffect(() => {
    const box = end.current;
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < 80) box.scrollTop = box.scrollHeight;
  }, [last?.at, last?.text, lines.length]);
  if (lines.length === 0) return <p className="set-quiet">{t("logEmpty")}</p>;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a scrolled area with a name
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it can be scrolled by keyboard
    <div ref={end} className="set-log" role="region" aria-label={t("log")} tabIndex={0} dir="ltr">
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
        <div key={index} data-stream={line.stream}>
          <time dateTime={line.at}>{format.time(new Date(line.at))}</time>
          <span>{line.text}</span>
        </div>
      ))}
    </div>
  );
}
