import { toProblem, useOs } from "@webx/sdk";
import { useEffect, useState } from "react";
import { type Made, resize, type Wish } from "./resize";

type Outcome = { made?: Made; problem?: string };

/** The picture as wished, made anew a moment after the wish changed; what was made before stays until then. */
export function useResized(picture: Blob | undefined, { side, format, quality }: Wish): Outcome & { working: boolean } {
  const os = useOs();
  const [outcome, setOutcome] = useState<Outcome>({});
  const [working, setWorking] = useState(false);
  useEffect(() => {
    if (!picture) return;
    const stop = new AbortController();
    setWorking(true);
    const timer = setTimeout(async () => {
      let next: Outcome;
      try {
        next = { made: await resize(os, picture, { side, format, quality }, stop.signal) };
      } catch (reason) {
        next = { problem: toProblem(reason).message };
      }
      if (stop.signal.aborted) return;
      setOutcome(next);
      setWorking(false);
    }, 150);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [os, picture, side, format, quality]);
  return { ...outcome, working };
}
