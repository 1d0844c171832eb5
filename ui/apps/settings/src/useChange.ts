import { type Settings, toProblem, useOs } from "@webx/sdk";
import { toast } from "@webx/ui";
import { useCallback } from "react";
import { useT } from "./strings";

/** Does something that may be refused and says so; true when it was done. */
export function useDo(): (work: () => Promise<unknown>) => Promise<boolean> {
  const t = useT();
  return useCallback(
    async work => {
      try {
        await work();
        return true;
      } catch (reason) {
        toast({ level: "error", title: t("failed"), body: toProblem(reason).message });
        return false;
      }
    },
    [t],
  );
}

/** Changes settings; a refusal is told, and the screen shows what the node kept. */
export function useChange(): (change: Partial<Settings>) => void {
  const os = useOs();
  const attempt = useDo();
  return useCallback(change => void attempt(() => os.settings.patch(change)), [os, attempt]);
}
