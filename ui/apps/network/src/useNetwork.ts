import {
  type Loaded,
  type NetworkPeer,
  type NetworkPeerDetail,
  type NetworkView,
  toProblem,
  useLoad,
  useOs,
} from "@webx/sdk";
import { toast } from "@webx/ui";
import { useCallback, useEffect } from "react";
import { useT } from "./strings";

/** Round trips change without an event; they are asked for this often while the window is seen. */
const LOOK_EVERY_MS = 10_000;

function useLive<T>(loaded: Loaded<T>): Loaded<T> {
  const os = useOs();
  const { reload } = loaded;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), LOOK_EVERY_MS);
    const stops = [os.network.onChange(reload), os.online.onChange(online => online && reload())];
    return () => {
      clearInterval(timer);
      for (const stop of stops) stop();
    };
  }, [os, reload]);
  return loaded;
}

/** This node on QNet, live. */
export function useView(): Loaded<NetworkView> {
  const os = useOs();
  return useLive(useLoad("view", () => os.network.view()));
}

/** Who is connected, live. */
export function usePeers(): Loaded<NetworkPeer[]> {
  const os = useOs();
  return useLive(useLoad("peers", () => os.network.peers()));
}

/** Everything about one node, live. */
export function usePeer(id: string): Loaded<NetworkPeerDetail> {
  const os = useOs();
  return useLive(useLoad(`peer ${id}`, () => os.network.peer(id)));
}

/** Does something that may be refused and says so; the answer, or nothing. */
export function useTry(): <T>(work: () => Promise<T>) => Promise<T | undefined> {
  const t = useT();
  return useCallback(
    async work => {
      try {
        return await work();
      } catch (reason) {
        toast({ level: "error", title: t("failed"), body: toProblem(reason).message });
        return undefined;
      }
    },
    [t],
  );
}
