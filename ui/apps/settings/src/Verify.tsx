import { type Job, useOs } from "@webx/sdk";
import { Button, Notice, ProgressBar, useLocale } from "@webx/ui";
import ShieldCheck from "lucide-react/icons/shield-check";
import { useEffect, useState } from "react";
import { Group, Line } from "./Page";
import { useT } from "./strings";
import { useDo } from "./useChange";

/** The check of the whole drive that runs, or ran last. */
function useVerification(): Job | undefined {
  const os = useOs();
  const [job, setJob] = useState<Job>();
  useEffect(() => {
    let gone = false;
    os.jobs.list().then(
      jobs => !gone && setJob(known => known ?? jobs.find(each => each.kind === "verify")),
      () => undefined,
    );
    const stop = os.jobs.onChange(changed => {
      if (changed.kind === "verify") setJob(changed);
    });
    return () => {
      gone = true;
      stop();
    };
  }, [os]);
  return job;
}

interface Damage {
  path: string;
  what?: string;
}

/** The damaged files a finished check names. */
export function damagedOf(job: Job): Damage[] {
  const result: unknown = "result" in job ? job.result : undefined;
  if (typeof result !== "object" || result === null || !("damaged" in result) || !Array.isArray(result.damaged))
    return [];
  return result.damaged.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null || !("path" in each) || typeof each.path !== "string") return [];
    return [{ path: each.path, ...("what" in each && typeof each.what === "string" ? { what: each.what } : {}) }];
  });
}

/** Reads every block again and compares it with its hash. */
export function Verify() {
  const t = useT();
  const os = useOs();
  const attempt = useDo();
  const { format } = useLocale();
  const job = useVerification();
  const running = job?.state === "running";
  const damaged = job ? damagedOf(job) : [];
  return (
    <Group title={t("verify")} text={t("verifyText")}>
      {running && job && (
        <>
          <ProgressBar
            label={t("verifyRunning")}
            value={job.total ? job.done : undefined}
            max={job.total || 1}
            valueText={t("verifyProgress", { done: job.done, total: job.total ?? job.done, rate: job.bytesPerSecond })}
          />
          <div className="set-actions">
            <Button onPress={() => attempt(() => os.jobs.cancel(job.id))}>{t("stop")}</Button>
          </div>
        </>
      )}
      {!running && (
        <Line label={t("verifyStart")} text={job ? t("verifyAgain") : t("verifyNever")}>
          <Button icon={<ShieldCheck />} onPress={() => attempt(() => os.files.verify())}>
            {t("verifyNow")}
          </Button>
        </Line>
      )}
      {job?.state === "done" && damaged.length === 0 && (
        <Notice level="success">{t("verifySound", { size: format.bytes(job.done) })}</Notice>
      )}
      {job?.state === "done" && damaged.length > 0 && (
        <Notice level="error" title={t("verifyDamaged", { count: damaged.length })}>
          <ul className="set-damaged">
            {damaged.slice(0, 50).map(each => (
              <li key={each.path}>
                <bdi>{each.path}</bdi>
                {each.what && <small> {each.what}</small>}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {job?.state === "failed" && <Notice level="error">{t("verifyFailed")}</Notice>}
      {job?.state === "cancelled" && <Notice>{t("verifyCancelled")}</Notice>}
    </Group>
  );
}
