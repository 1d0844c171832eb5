import { type InstallSource, toProblem, useOs } from "@webx/sdk";
import { toast } from "@webx/ui";
import { useCallback, useState } from "react";
import { useT } from "./strings";

/** Hands an app to the desktop, which shows its sheet; true when the person agreed. */
export function useInstall(): { busy: boolean; install: (source: InstallSource) => Promise<boolean> } {
  const t = useT();
  const os = useOs();
  const [busy, setBusy] = useState(false);
  const install = useCallback(
    async (source: InstallSource) => {
      setBusy(true);
      try {
        return (await os.apps.install(source)) !== null;
      } catch (reason) {
        toast({ level: "error", title: t("installFailed"), body: toProblem(reason).message });
        return false;
      } finally {
        setBusy(false);
      }
    },
    [os, t],
  );
  return { busy, install };
}
