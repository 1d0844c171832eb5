import { InstalledIcon } from "@webx/app-shared";
import { type AppUpdate, type Loaded, toProblem, useOs } from "@webx/sdk";
import { Button, EmptyState, ErrorState, SkeletonList, toast, useLocale } from "@webx/ui";
import CircleCheckBig from "lucide-react/icons/circle-check-big";
import Download from "lucide-react/icons/download";
import RefreshCw from "lucide-react/icons/refresh-cw";
import { useState } from "react";
import type { Place } from ".";
import { useT } from "./strings";
import { useInstall } from "./useInstall";

/** Newer versions of what is installed. The desktop asks only where an update wants more than before. */
export function Updates({ updates, onOpen }: { updates: Loaded<AppUpdate[]>; onOpen: (place: Place) => void }) {
  const t = useT();
  const { install } = useInstall();
  const [busy, setBusy] = useState(false);
  const { data, problem, reload } = updates;
  const all = async () => {
    setBusy(true);
    for (const { store, app, to } of data ?? []) if (!(await install({ store, app, version: to }))) break;
    setBusy(false);
    reload();
  };
  return (
    <div className="store-page store-narrow">
      <div className="store-bar">
        <h1>{t("updates")}</h1>
        <Look onDone={reload} />
        {data && data.length > 1 && (
          <Button variant="primary" icon={<Download />} isPending={busy} onPress={all}>
            {t("updateAll")}
          </Button>
        )}
      </div>
      {!data && problem && <ErrorState onRetry={reload}>{problem.message}</ErrorState>}
      {!data && !problem && <SkeletonList rows={3} height={64} />}
      {data?.length === 0 && (
        <EmptyState icon={<CircleCheckBig />} title={t("upToDate")}>
          {t("upToDateText")}
        </EmptyState>
      )}
      {data && data.length > 0 && (
        <ul className="store-list" aria-label={t("updates")}>
          {data.map(update => (
            <Update key={update.install} update={update} isDisabled={busy} onOpen={onOpen} onDone={reload} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Look({ onDone }: { onDone: () => void }) {
  const t = useT();
  const os = useOs();
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    try {
      await os.store.refresh();
    } catch (reason) {
      toast({ level: "error", title: t("refreshFailed"), body: toProblem(reason).message });
    }
    setBusy(false);
    onDone();
  };
  return (
    <Button icon={<RefreshCw />} isPending={busy} onPress={look}>
      {t("refresh")}
    </Button>
  );
}

function Update({
  update,
  isDisabled,
  onOpen,
  onDone,
}: {
  update: AppUpdate;
  isDisabled: boolean;
  onOpen: (place: Place) => void;
  onDone: () => void;
}) {
  const t = useT();
  const { format } = useLocale();
  const { busy, install } = useInstall();
  const { store, app, to, from, name } = update;
  return (
    <li className="store-row">
      <InstalledIcon app={{ install: update.install, version: from, name }} size={44} />
      <div className="store-row-text">
        <strong dir="auto">{name}</strong>
        <small>
          <bdi dir="ltr">
            {from} → {to}
          </bdi>{" "}
          · {format.bytes(update.size)}
        </small>
      </div>
      <Button size="sm" variant="ghost" onPress={() => onOpen({ store, app })}>
        {t("whatIsNew")}
      </Button>
      <Button
        variant="primary"
        size="sm"
        isPending={busy}
        isDisabled={isDisabled}
        aria-label={t("updateNamed", { app: name })}
        onPress={() => void install({ store, app, version: to }).then(done => done && onDone())}
      >
        {t("update")}
      </Button>
    </li>
  );
}
