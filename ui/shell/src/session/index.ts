/**
 * The browser's session with the node: who is signed in, requests with proofs, the live connection.
 * There is no cookie: a token bound to a key that this browser cannot give away (DPoP, RFC 9449).
 */

import type { Locale } from "@webx/ui";
import { startTransition, useEffect, useState } from "react";
import { calls, layout } from "./calls";
import { onDesktopChange } from "./live";
import { setLocale, useLanguage } from "./locale";
import { begin, type Phase, retry, usePhase } from "./phase";
import { subscribe } from "./topics";

export { callsAs, type NodeCalls, type Packages } from "./calls";
export { setLocale } from "./locale";
export type { Phase } from "./phase";
export { calls, subscribe };

export const desktop = { ...layout, onChange: onDesktopChange };

let begun = false;

export interface Session {
  phase: Phase;
  locale: Locale;
  setLocale(locale: Locale): void;
  /** Asks the node again, now. */
  retry(): void;
}

/** Where the desktop stands, live. The first use starts the session. */
export function useSession(): Session {
  const phase = usePhase(state => state.phase);
  const wanted = useLanguage(state => state.locale);
  const [locale, setShown] = useState(wanted);
  useEffect(() => {
    if (begun) return;
    begun = true;
    begin();
    subscribe("settings", settings => {
      if (settings.language) setLocale(settings.language);
    });
  }, []);
  // The old language stays on the screen until the new one is loaded.
  useEffect(() => startTransition(() => setShown(wanted)), [wanted]);
  return { phase, locale, setLocale, retry };
}

/** Locks the vault for everybody; the windows go at once. */
export async function lock(): Promise<void> {
  await calls.security.lock();
}
