import type { PendingUpload, UploadSnapshot } from "@webx/sdk";
import { toProblem } from "@webx/sdk";
import { Button, cx, IconButton, ProgressBar, toast } from "@webx/ui";
import ChevronDown from "lucide-react/icons/chevron-down";
import ChevronUp from "lucide-react/icons/chevron-up";
import CircleAlert from "lucide-react/icons/circle-alert";
import CircleCheck from "lucide-react/icons/circle-check";
import Pause from "lucide-react/icons/pause";
import Play from "lucide-react/icons/play";
import X from "lucide-react/icons/x";
import { useRef, useState } from "react";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import type { WorkSnapshot } from "../model/work";
import type { Transfers as TransfersState } from "../state/useTransfers";
import { type Key, type T, useT } from "../strings";

const isMoving = (upload: UploadSnapshot) =>
  upload.phase === "running" || upload.phase === "waiting" || upload.phase === "paused";

/** What is on its way, with rate and time left, and what waits for a decision. */
export function Transfers({ transfers }: { transfers: TransfersState }) {
  const t = useT();
  const { uploads, works, interrupted } = transfers;
  const [folded, setFolded] = useState(false);
  if (uploads.length === 0 && works.length === 0 && interrupted.length === 0) return null;
  const moving = uploads.filter(isMoving).length + works.filter(work => work.snapshot().running).length;
  const waiting = uploads.filter(upload => upload.phase === "conflicts").length + interrupted.length;
  const title =
    moving > 0
      ? t("transfersRunning", { count: moving })
      : waiting > 0
        ? t("transfersWaiting", { count: waiting })
        : t("transfersDone");

  return (
    <section className="fx-transfers" aria-label={t("transfers")}>
      <header className="fx-transfers-head">
        <h2>
          <span role="status">{title}</span>
        </h2>
        <IconButton
          size="sm"
          label={folded ? t("unfold") : t("fold")}
          aria-expanded={!folded}
          onPress={() => setFolded(!folded)}
        >
          {folded ? <ChevronUp /> : <ChevronDown />}
        </IconButton>
        {moving === 0 && waiting === 0 && (
          <IconButton size="sm" label={t("closeTransfers")} onPress={transfers.clear}>
            <X />
          </IconButton>
        )}
      </header>
      {!folded && (
        <ul className="fx-transfers-list">
          {interrupted.map(upload => (
            <InterruptedRow key={upload.id} upload={upload} onGone={() => transfers.forgetInterrupted(upload.id)} />
          ))}
          {uploads.map(upload => (
            <UploadRow key={upload.id} upload={upload} />
          ))}
          {works.map(work => (
            <WorkRow key={work.id} work={work.snapshot()} onCancel={() => work.cancel()} />
          ))}
        </ul>
      )}
    </section>
  );
}

function UploadRow({ upload }: { upload: UploadSnapshot }) {
  const t = useT();
  const { uploads } = useFiles();
  const task = uploads.task(upload.id);
  const label =
    upload.filesTotal === 1 ? upload.label : t("uploadLabel", { name: upload.label, count: upload.filesTotal });
  const over = upload.phase === "done" || upload.phase === "failed" || upload.phase === "cancelled";
  return (
    <li className={cx("fx-transfer", `fx-transfer-${upload.phase}`)}>
      <div className="fx-transfer-main">
        <div className="fx-transfer-line">
          {upload.phase === "done" && <CircleCheck className="fx-good" size={16} aria-hidden="true" />}
          {upload.phase === "failed" && <CircleAlert className="fx-bad" size={16} aria-hidden="true" />}
          <span className="fx-transfer-name" dir="auto">
            {label}
          </span>
        </div>
        {!over && (
          <ProgressBar
            label={t("uploadProgress", { name: upload.label })}
            hideLabel
            value={upload.bytesTotal === 0 ? (upload.scanning ? undefined : 0) : upload.bytesDone}
            max={upload.bytesTotal}
          />
        )}
        <p className="fx-transfer-note">{uploadNote(t, upload)}</p>
        {upload.phase === "conflicts" && (
          <div className="fx-transfer-choice">
            <p>
              {t("conflictText", {
                count: upload.conflicts.length,
                name: upload.conflicts[0] ?? "",
                others: upload.conflicts.length - 1,
              })}
            </p>
            <div className="fx-transfer-buttons">
              <Button size="sm" variant="primary" onPress={() => task?.decide("keepBoth")}>
                {t("keepBoth")}
              </Button>
              <Button size="sm" onPress={() => task?.decide("newVersion")}>
                {t("newVersion")}
              </Button>
              <Button size="sm" onPress={() => task?.decide("skip")}>
                {t("skip")}
              </Button>
            </div>
          </div>
        )}
        {upload.failures.length > 0 && (
          <details className="fx-transfer-failures">
            <summary>{t("filesFailed", { count: upload.failures.length })}</summary>
            <ul>
              {upload.failures.slice(0, 50).map(failure => (
                <li key={failure.path}>
                  <bdi dir="ltr">{failure.path}</bdi>: {codeText(t, failure.code)}
                </li>
              ))}
            </ul>
          </details>
        )}
      </div>
      <div className="fx-transfer-actions">
        {(upload.phase === "running" || upload.phase === "waiting") && (
          <IconButton size="sm" label={t("pause")} onPress={() => task?.pause()}>
            <Pause />
          </IconButton>
        )}
        {upload.phase === "paused" && (
          <IconButton size="sm" label={t("resume")} onPress={() => task?.resume()}>
            <Play />
          </IconButton>
        )}
        <IconButton
          size="sm"
          label={over ? t("removeFromList") : t("cancelUpload")}
          onPress={() => (over ? uploads.clear(upload.id) : task?.cancel())}
        >
          <X />
        </IconButton>
      </div>
    </li>
  );
}

function codeText(t: T, code: string): string {
  const key = `problem.${code}`;
  const text = t(key as Key);
  return text === key ? code : text;
}

function uploadNote(t: T, upload: UploadSnapshot): string {
  const amounts = { done: upload.bytesDone, total: upload.bytesTotal };
  switch (upload.phase) {
    case "running": {
      if (upload.scanning) return t("scanning", { count: upload.filesTotal });
      if (upload.bytesPerSecond <= 0) return t("uploadAmount", amounts);
      const rate = { ...amounts, rate: upload.bytesPerSecond };
      if (upload.secondsLeft === undefined) return t("uploadRate", rate);
      return t("uploadRateLeft", { ...rate, left: Math.ceil(upload.secondsLeft) });
    }
    case "waiting":
      return upload.problem === undefined ? t("waiting") : t("waitingBecause", { why: explain(t, upload.problem) });
    case "paused":
      return t("pausedAt", amounts);
    case "conflicts":
      return t("waitingForYou");
    case "done":
      return t("uploadDone", { count: upload.filesTotal, size: upload.bytesTotal });
    case "failed":
      return upload.filesDone > 0
        ? t("uploadPartly", { done: upload.filesDone, total: upload.filesTotal })
        : t("uploadFailed");
    case "cancelled":
      return t("uploadCancelled");
  }
}

function WorkRow({ work, onCancel }: { work: WorkSnapshot; onCancel: () => void }) {
  const t = useT();
  return (
    <li className="fx-transfer">
      <div className="fx-transfer-main">
        <div className="fx-transfer-line">
          {!work.running && <CircleCheck className="fx-good" size={16} aria-hidden="true" />}
          <span className="fx-transfer-name">{work.label}</span>
        </div>
        {work.running && <ProgressBar label={work.label} hideLabel value={work.done} max={work.total} />}
        <p className="fx-transfer-note">{t("workAmount", { done: work.done, total: work.total })}</p>
      </div>
      {work.running && (
        <div className="fx-transfer-actions">
          <IconButton size="sm" label={t("cancelWork")} onPress={onCancel}>
            <X />
          </IconButton>
        </div>
      )}
    </li>
  );
}

/** An upload that stopped when the page was left. */
function InterruptedRow({ upload, onGone }: { upload: PendingUpload; onGone: () => void }) {
  const t = useT();
  const { uploads } = useFiles();
  const input = useRef<HTMLInputElement>(null);

  const go = (file: File) => {
    try {
      uploads.resume(upload, file);
      onGone();
    } catch (error) {
      toast({ title: t("resumeFailed"), body: explain(t, toProblem(error)), level: "error" });
    }
  };
  return (
    <li className="fx-transfer">
      <div className="fx-transfer-main">
        <span className="fx-transfer-name" dir="auto">
          {upload.name}
        </span>
        <p className="fx-transfer-note">
          {t("interruptedAt", { done: upload.offset, total: upload.size ?? upload.offset })}
        </p>
        <div className="fx-transfer-buttons">
          <Button size="sm" variant="primary" onPress={() => input.current?.click()}>
            {t("chooseAgain")}
          </Button>
          <Button size="sm" onPress={() => void uploads.discard(upload).then(onGone)}>
            {t("discard")}
          </Button>
        </div>
        <input
          ref={input}
          type="file"
          hidden
          aria-label={t("chooseAgain")}
          onChange={event => {
            const file = event.target.files?.[0];
            if (file !== undefined) go(file);
            event.target.value = "";
          }}
        />
      </div>
    </li>
  );
}
