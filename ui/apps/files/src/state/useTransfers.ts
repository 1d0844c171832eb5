import {
  type Os,
  type PendingUpload,
  type ResumeRecord,
  type UploadQueue,
  type UploadSnapshot,
  uploadQueue,
} from "@webx/sdk";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Work } from "../model/work";

export type Interrupted = PendingUpload & { record?: ResumeRecord };

export interface Transfers {
  queue: UploadQueue;
  uploads: readonly UploadSnapshot[];
  works: readonly Work[];
  interrupted: readonly Interrupted[];
  show: (work: Work) => void;
  forgetInterrupted: (id: string) => void;
  clear: () => void;
}

/** All that is on its way in this window. */
export function useTransfers(os: Os): Transfers {
  const queue = useMemo(() => uploadQueue(os), [os]);
  const uploads = useSyncExternalStore(queue.subscribe, queue.getSnapshot);
  const [works, setWorks] = useState<readonly Work[]>([]);
  const [interrupted, setInterrupted] = useState<readonly Interrupted[]>([]);

  useEffect(() => {
    // Uploads another window feeds are not interrupted.
    if (queue.active) return;
    let gone = false;
    queue.interrupted().then(
      found => {
        if (!gone) setInterrupted(found);
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [queue]);

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
