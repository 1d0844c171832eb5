import { useCallback, useEffect, useRef } from "react";
import { type Loaded, useLoad, useOs } from "../react";
import type { App, Json, PermissionState, Saga } from "../types";

/** An optional permission of this app. */
export interface Asked {
  /** `undefined` until known. */
  granted: boolean | undefined;
  /** Lets the desktop ask the person; answers whether it is granted now. */
  request: () => Promise<boolean>;
}

/** What this app may do, live. */
export function usePermissions(): Loaded<PermissionState[]> {
  const os = useOs();
  const loaded = useLoad("permissions", () => os.permissions.list());
  const { reload } = loaded;
  useEffect(() => os.permissions.onChange(reload), [os, reload]);
  return loaded;
}

/**
 * One permission by its key, such as `notify` or `network:api.example.org`.
 *
 * ```tsx
 * const notify = usePermission("notify");
 * {notify.granted === false && <Button onPress={notify.request}>Tell me</Button>}
 * ```
 */
export function usePermission(key: string): Asked {
  const os = useOs();
  const { data } = usePermissions();
  const request = useCallback(async () => (await os.permissions.request([key])).includes(key), [os, key]);
  return { granted: data?.some(one => one.key === key && one.granted), request };
}

/** Hears what windows of this app tell each other with `os.events.emit`. */
export function useEvent(name: string, listener: (data: Json) => void): void {
  const os = useOs();
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => os.events.on(name, data => latest.current(data)), [os, name]);
}

/** An address of a picked file for `<img>`, `<video>` and `<audio>`. */
export function useObjectUrl(id: string, version?: number): Loaded<string> {
  const os = useOs();
  return useLoad(`object ${id} ${version}`, () => os.files.objectUrl(id, version));
}

/** The installed apps, live. For system apps. */
export function useApps(): Loaded<App[]> {
  const os = useOs();
  const loaded = useLoad("apps", () => os.apps.list());
  const { reload } = loaded;
  useEffect(() => os.apps.onChange(event => event.op !== "data" && reload()), [os, reload]);
  return loaded;
}

/** Work in steps, live, the newest first. For system apps. */
export function useSagas(): Loaded<Saga[]> {
  const os = useOs();
  const loaded = useLoad("sagas", () => os.sagas.list());
  const { reload } = loaded;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = os.sagas.onChange(() => {
      // Steps come fast; the list is asked for at most five times a second.
      timer ??= setTimeout(() => {
        timer = undefined;
        reload();
      }, 200);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [os, reload]);
  return loaded;
}
