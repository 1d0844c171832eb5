import { type Os, type PendingUpload, type UploadQueue, type UploadSnapshot, uploadQueue } from "@webx/sdk";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Work } from "../model/work";
import { useT } from "../strings";

export interface Transfers {
  queue: UploadQueue;
  uploads: readonly UploadSnapshot[];
  works: readonly Work[];
  interrupted: readonly PendingUpload[];
  show: (work: Work) => void;
  forgetInterrupted: (id: string) => void;
  clear: () => void;
}

/** What the windows of Files tell each other, so that none takes over an upload that another one feeds. */
const ASK = "who-feeds";
const ANSWER = "feeding";
/** How long the other windows have to answer. */
const ANSWER_MS = 400;

const idsOf = (data: unknown): string[] =>
  Array.isArray(data) ? data.filter((id): id is string => typeof id === "string") : [];

/** The uploads that nobody feeds. */
async function abandoned(os: Os, queue: UploadQueue): Promise<PendingUpload[]> {
  const fed = new Set<string>();
  const stop = os.events.on(ANSWER, data => {
    for (const id of idsOf(data)) fed.add(id);
  });
  try {
    const pending = await queue.interrupted();
    if (pending.length === 0) return [];
    await os.events.emit(ASK);
    await new Promise(done => setTimeout(done, ANSWER_MS));
    for (const id of queue.feeding) fed.add(id);
    return pending.filter(upload => !fed.has(upload.id));
  } finally {
    stop();
  }
}

/** All that is on its way in this window. */
export function useTransfers(os: Os): Transfers {
  const t = useT();
  const queue = useMemo(() => uploadQueue(os), [os]);
  const uploads = useSyncExternalStore(queue.subscribe, queue.getSnapshot);
  const [works, setWorks] = useState<readonly Work[]>([]);
  const [interrupted, setInterrupted] = useState<readonly PendingUpload[]>([]);

  useEffect(
    () =>
      os.events.on(ASK, () => {
        const { feeding } = queue;
        if (feeding.length > 0) void os.events.emit(ANSWER, feeding).catch(() => {});
      }),
    [os, queue],
  );
  useEffect(() => {
    let gone = false;
    abandoned(os, queue).then(
      found => {
        if (!gone) setInterrupted(found);
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [os, queue]);

  // The uploads go with the window, so the desktop asks before it closes it.
  const moving = uploads.filter(({ phase }) => phase === "running" || phase === "waiting" || phase === "paused").length;
  useEffect(() => {
    void os.windows.setBusy(moving > 0 ? t("busyUploading", { count: moving }) : null).catch(() => {});
  }, [os, moving, t]);

  return {
    queue,
    uploads,
    works,
    interrupted,
    show: useCallback(work => setWorks(old => [...old, work]), []),
    forgetInterrupted: useCallback(id => setInterrupted(old => old.filter(one => one.id !== id)), []),
    clear: useCallback(() => {
      queue.clear();
      setWorks(old => old.filter(work => work.snapshot().running));
    }, [queue]),
  };
}
