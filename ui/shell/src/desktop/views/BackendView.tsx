import type { BackendStatus } from "@webx/sdk";
import { Badge, type BadgeTone, Button, EmptyState, ErrorState, SkeletonList, toast, useLocale } from "@webx/ui";
import RotateCw from "lucide-react/icons/rotate-cw";
import ScrollText from "lucide-react/icons/scroll-text";
import { useCallback, useEffect, useRef, useState } from "react";
import { useApp } from "../apps";
import { os } from "../os";
import { appName, useText } from "../strings";
import { dispatch } from "../wm/store";
import "./views.css";

const TONES: Record<string, BadgeTone> = {
  idle: "neutral",
  starting: "accent",
  running: "success",
  resting: "warning",
  stopped: "danger",
};

const LOOK_AGAIN_MS = 3_000;

/** The server side of an app: how it does and what it said last. */
export default function BackendView({ window, args }: { window: string; args: unknown }) {
  const t = useText();
  const { format } = useLocale();
  const install = String((args as { install?: unknown } | null)?.install ?? "");
  const app = useApp(install);
  const name = app ? appName(t, app) : "";
  const [status, setStatus] = useState<BackendStatus>();
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const log = useRef<HTMLDivElement>(null);

  const load = useCallback(() => {
    os.apps.backend(install).then(
      now => {
        setStatus(now);
        setFailed(false);
      },
      () => setFailed(true),
    );
  }, [install]);
  useEffect(() => {
    load();
    const timer = setInterval(() => document.visibilityState === "visible" && load(), LOOK_AGAIN_MS);
    const stop = os.apps.onChange(change => change.install === install && load());
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [install, load]);
  useEffect(() => {
    if (name) dispatch({ type: "title", id: window, title: t("backendOf", { app: name }) });
  }, [window, name, t]);
  const lines = status?.log.length ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is shown when it comes
  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [lines]);

  const restart = async () => {
    setBusy(true);
    try {
      await os.apps.restartBackend(install);
      load();
    } catch {
      toast({ level: "error", title: t("restartFailed") });
    } finally {
      setBusy(false);
    }
  };

  if (failed && !status) return <ErrorState title={t("backendFailed")} onRetry={load} />;
  if (!status) return <SkeletonList />;
  return (
    <div className="backend">
      <div className="backend-head">
        <Badge tone={TONES[status.state] ?? "neutral"}>{t("backendState", { state: status.state })}</Badge>
        {status.restarts > 0 && <span>{t("backendRestarts", { count: status.restarts })}</span>}
        {status.nextStartAt && <span>{t("backendNext", { at: format.relative(new Date(status.nextStartAt)) })}</span>}
        <Button size="sm" icon={<RotateCw />} isPending={busy} onPress={() => void restart()}>
          {t("restart")}
        </Button>
      </div>
      {status.problem && <p className="work-problem">{status.problem}</p>}
      {lines === 0 ? (
        <EmptyState icon={<ScrollText />} title={t("logNone")}>
          {t("logNoneHelp")}
        </EmptyState>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a long log is scrolled by keyboard
        <div ref={log} className="backend-log" role="log" aria-label={t("backendLog")} tabIndex={0}>
          {status.log.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added at the end
            <div key={index} className={`log-line log-${line.stream}`}>
              <time dateTime={line.at}>{format.time(new Date(line.at))}</time>
              <span dir="auto">{line.text}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
