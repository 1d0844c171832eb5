import { useEffect, useState } from "react";

/** As long as it takes to see what is asked. */
const PAUSE_MS = 900;

/**
 * False until a question has been in front of the person for a moment, and again after the page was left: a click or a
 * key that was meant for what stood there before decides nothing.
 */
export function useArmed(key: unknown): boolean {
  const [armed, setArmed] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question starts anew
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      clearTimeout(timer);
      setArmed(false);
      if (document.visibilityState === "visible") timer = setTimeout(() => setArmed(true), PAUSE_MS);
    };
    wait();
    addEventListener("focus", wait);
    document.addEventListener("visibilitychange", wait);
    return () => {
      clearTimeout(timer);
      removeEventListener("focus", wait);
      document.removeEventListener("visibilitychange", wait);
    };
  }, [key]);
  return armed;
}
