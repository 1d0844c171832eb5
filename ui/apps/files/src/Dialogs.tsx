import type { Node } from "@webx/sdk";
import { AlertDialog } from "@webx/ui";
import { useFiles } from "./context";
import { type Conflict, ConflictDialog } from "./panels/ConflictDialog";
import { FolderPicker } from "./panels/FolderPicker";
import { RestoreDialog } from "./panels/RestoreDialog";
import { useT } from "./strings";

/** A question the window asks before it does something. */
export type Asking =
  | { kind: "purge"; nodes: readonly Node[] }
  | { kind: "empty" }
  | { kind: "pick"; copy: boolean; nodes: readonly Node[] }
  | { kind: "time"; folder: Node };

export function Dialogs({
  conflict,
  asking,
  onClose,
  onGone,
}: {
  conflict: Conflict | undefined;
  asking: Asking | undefined;
  onClose: () => void;
  /** What was selected is no longer there. */
  onGone: () => void;
}) {
  const t = useT();
  const { actions, nameOf } = useFiles();
  return (
    <>
      {conflict !== undefined && <ConflictDialog conflict={conflict} />}
      {asking?.kind === "time" && <RestoreDialog folder={asking.folder} onClose={onClose} />}
      {asking?.kind === "pick" && (
        <FolderPicker
          title={t(asking.copy ? "copyTitle" : "moveTitle", { count: asking.nodes.length })}
          action={t(asking.copy ? "copyHere" : "moveHere")}
          without={new Set(asking.nodes.map(node => node.id))}
          onPick={folder =>
            void (asking.copy
              ? actions.copy(asking.nodes, folder.id, nameOf(folder))
              : actions.move(asking.nodes, folder.id, nameOf(folder)))
          }
          onClose={onClose}
        />
      )}
      {(asking?.kind === "purge" || asking?.kind === "empty") && (
        <AlertDialog
          danger
          isOpen
          title={
            asking.kind === "empty"
              ? t("emptyTrashTitle")
              : t("purgeTitle", { count: asking.nodes.length, name: asking.nodes[0]?.name ?? "" })
          }
          action={asking.kind === "empty" ? t("emptyTrash") : t("purge")}
          onOpenChange={isOpen => {
            if (!isOpen) onClose();
          }}
          onAction={async () => {
            if (asking.kind === "empty") await actions.emptyTrash();
            else await actions.purge(asking.nodes);
            onGone();
          }}
        >
          {t("purgeText")}
        </AlertDialog>
      )}
    </>
  );
}
