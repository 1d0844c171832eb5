import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import type { Os } from "./os";
import { type Problem, toProblem } from "./problem";
import type { Identity, Locale, Settings, Theme, Usage } from "./types";

interface AppContext {
  os: Os;
  launch: Launch;
}

/** Why this window was opened; a new object when it is asked for again. */
export interface Launch {
  args?: unknown;
}

const Context = createContext<AppContext | null>(null);

/** The shell wraps every app in this. */
export function AppProvider({ os, launch, children }: { os: Os; launch?: Launch; children: ReactNode }) {
  const value = useMemo(() => ({ os, launch: launch ?? {} }), [os, launch]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

function useApp(): AppContext {
  const app = useContext(Context);
  if (app === null) throw new Error("useOs outside of AppProvider");
  return app;
}

/** The operating system of the window around this component. */
export function useOs(): Os {
  return useApp().os;
}

/** The arguments this window was opened with. */
export function useLaunch(): Launch {
  return useApp().launch;
}

/** One of the states a screen has: loading (no data yet), failed, or full. */
export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

/**
 * Asks for something and keeps the answer. Another `key` is another question; the same key
 * with another `revision`, or `reload`, asks again while the old answer stays.
 */
export function useLoad<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, revision = 0): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem; busy: boolean }>({
    key,
    busy: true,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `round` and `revision` ask again with the same key
  useEffect(() => {
    const controller = new AbortController();
    setState(old => (old.key === key ? { ...old, busy: true } : { key, busy: true }));
    latest.current(controller.signal).then(
      data => {
        if (!controller.signal.aborted) setState({ key, data, busy: false });
      },
      (error: unknown) => {
        if (!controller.signal.aborted) setState(old => ({ ...old, problem: toProblem(error), busy: false }));
      },
    );
    return () => controller.abort();
  }, [key, round, revision]);

  const reload = useCallback(() => setRound(n => n + 1), []);
  const fresh = state.key === key;
  return {
    data: fresh ? state.data : undefined,
    problem: fresh ? state.problem : undefined,
    loading: !fresh || state.busy,
    reload,
  };
}

/** The person's settings, live. */
export function useSettings(): Loaded<Settings> {
  const os = useOs();
  const loaded = useLoad("settings", () => os.settings.get());
  const { reload } = loaded;
  useEffect(() => os.settings.onChange(reload), [os, reload]);
  return loaded;
}

/** The person's identity, live. */
export function useIdentity(): Loaded<Identity> {
  const os = useOs();
  const loaded = useLoad("identity", () => os.identity.get());
  const { reload } = loaded;
  useEffect(() => os.identity.onChange(reload), [os, reload]);
  return loaded;
}

/** How full the drive is, live but at most once a second. */
export function useUsage(): Loaded<Usage> {
  const os = useOs();
  const loaded = useLoad("usage", () => os.files.usage());
  const { reload } = loaded;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = os.files.onChange(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, 1000);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [os, reload]);
  return loaded;
}

function useLive<T>(get: () => Promise<T>, onChange: (listener: (event: T) => void) => () => void) {
  const [value, setValue] = useState<T>();
  useEffect(() => {
    let gone = false;
    get().then(
      now => {
        if (!gone) setValue(now);
      },
      () => {},
    );
    const stop = onChange(setValue);
    return () => {
      gone = true;
      stop();
    };
  }, [get, onChange]);
  return value;
}

/** The theme on the screen now; undefined until known. */
export function useTheme(): Theme | undefined {
  const os = useOs();
  return useLive(os.theme.get, os.theme.onChange);
}

/** Language and direction of the desktop; undefined until known. */
export function useLocale(): Locale | undefined {
  const os = useOs();
  return useLive(os.i18n.get, os.i18n.onChange);
}
