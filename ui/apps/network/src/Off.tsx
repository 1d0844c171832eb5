import { type NetworkReach, useOs } from "@webx/sdk";
import { Button, CopyButton, EmptyState } from "@webx/ui";
import RefreshCw from "lucide-react/icons/refresh-cw";
import Unplug from "lucide-react/icons/unplug";
import { useT } from "./strings";

/** How a node is told to be on QNet. */
export const COMMAND = "webx up --qnet any";

/** A line for the terminal, to copy. */
export function Command({ text = COMMAND }: { text?: string }) {
  const os = useOs();
  return (
    <span className="net-command" dir="ltr">
      <code>{text}</code>
      <CopyButton text={text} onCopy={all => os.clipboard.writeText(all)} />
    </span>
  );
}

/** The node is not on QNet: why, and what to do. */
export function Off({ reach, onRetry }: { reach: NetworkReach; onRetry: () => void }) {
  const t = useT();
  const off = reach === "off";
  return (
    <div className="net net-scroll">
      <EmptyState
        level={1}
        icon={<Unplug />}
        title={t(off ? "offTitle" : "downTitle")}
        action={
          <Button icon={<RefreshCw />} onPress={onRetry}>
            {t("lookAgain")}
          </Button>
        }
      >
        <div className="net-off">
          <p>{t(off ? "offText" : "downText")}</p>
          {off && (
            <>
              <Command />
              <p className="net-quiet">{t("offTruth")}</p>
            </>
          )}
        </div>
      </EmptyState>
    </div>
  );
}
