import { type Node, useLoad } from "@webx/sdk";
import { Breadcrumbs, Button, Dialog, EmptyState, ErrorState, FileIcon, SkeletonList } from "@webx/ui";
import { useState } from "react";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import { useT } from "../strings";

const SHOWN = 1000;

/** Chooses a folder of the drive: the way to move and copy without dragging. */
export function FolderPicker({
  title,
  action,
  without,
  onPick,
  onClose,
}: {
  title: string;
  action: string;
  /** Folders that cannot be the target: the ones being moved. */
  without: ReadonlySet<string>;
  onPick: (folder: Node) => void;
  onClose: () => void;
}) {
  const t = useT();
  const { os, root, nameOf } = useFiles();
  const [trail, setTrail] = useState<Node[]>([root]);
  const here = trail.at(-1) ?? root;
  const folders = useLoad(`pick ${here.id}`, async () => {
    const page = await os.files.list(here.id, { sort: "name", limit: SHOWN });
    return page.items.filter(node => node.kind === "folder" && !without.has(node.id));
  });
  return (
    <Dialog
      isOpen
      title={title}
      onOpenChange={open => {
        if (!open) onClose();
      }}
      footer={
        <>
          <Button onPress={onClose}>{t("cancel")}</Button>
          <Button
            variant="primary"
            onPress={() => {
              onPick(here);
              onClose();
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      <Breadcrumbs
        label={t("path")}
        items={trail.map(node => ({ id: node.id, label: nameOf(node) }))}
        onAction={id => setTrail(old => old.slice(0, old.findIndex(node => node.id === id) + 1))}
      />
      <div className="fx-picker">
        {folders.problem !== undefined ? (
          <ErrorState onRetry={folders.reload}>{explain(t, folders.problem)}</ErrorState>
        ) : folders.data === undefined ? (
          <SkeletonList rows={4} />
        ) : folders.data.length === 0 ? (
          <EmptyState title={t("noFolders")}>{t("noFoldersText", { action, name: nameOf(here) })}</EmptyState>
        ) : (
          <ul className="fx-picker-list">
            {folders.data.map(folder => (
              <li key={folder.id}>
                <button type="button" className="fx-side-entry" onClick={() => setTrail([...trail, folder])}>
                  <FileIcon name={folder.name} kind="folder" size={18} />
                  <span className="fx-side-name" dir="auto">
                    {folder.name}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
