import type { Node } from "@webx/sdk";
import { Breadcrumbs, EmptyState, ErrorState, FileIcon, List, type Selection, SkeletonList, useLocale } from "@webx/ui";
import FolderClosed from "lucide-react/icons/folder-closed";
import HardDrive from "lucide-react/icons/hard-drive";
import { useAskText } from "./strings";
import { type Folder, ROOT } from "./useFolder";

interface Props {
  folder: Folder;
  /** Whether this can be chosen. Folders can always be opened. */
  choosable: (node: Node) => boolean;
  selected: ReadonlySet<string>;
  onSelect: (ids: ReadonlySet<string>) => void;
  multiple: boolean;
  /** Enter or a double click on something that can be chosen. */
  onChoose: (node: Node) => void;
}

/** The drive, drawn by the desktop: an app that asks sees nothing of it. */
export function FileBrowser({ folder, choosable, selected, onSelect, multiple, onChoose }: Props) {
  const t = useAskText();
  const { format } = useLocale();
  const byId = new Map(folder.items.map(node => [node.id, node]));
  const select = (selection: Selection) => {
    const ids = selection === "all" ? [...byId.keys()] : [...selection].map(String);
    onSelect(new Set(ids.filter(id => byId.has(id))));
  };
  const act = (key: unknown) => {
    const node = byId.get(String(key));
    if (!node) return;
    if (node.kind === "folder") {
      onSelect(new Set());
      folder.go({ id: node.id, name: node.name });
    } else if (choosable(node)) onChoose(node);
  };
  return (
    <div className="ask-browser">
      <Breadcrumbs
        label={t("place")}
        items={[
          { id: ROOT, label: t("drive"), icon: <HardDrive size={16} aria-hidden="true" /> },
          ...folder.path.map(each => ({ id: each.id, label: each.name })),
        ]}
        onAction={id => {
          onSelect(new Set());
          folder.go({ id, name: "" });
        }}
      />
      <div className="ask-list">
        {folder.problem ? (
          <ErrorState title={t("listFailed")} onRetry={folder.reload}>
            {folder.problem.message}
          </ErrorState>
        ) : folder.loading && folder.items.length === 0 ? (
          <SkeletonList rows={6} height={32} />
        ) : (
          <List
            label={t("content")}
            items={folder.items}
            textValue={node => node.name}
            rowHeight={40}
            selectionMode={multiple ? "multiple" : "single"}
            selectedKeys={selected}
            onSelectionChange={select}
            onAction={act}
            disabledKeys={folder.items.filter(node => node.kind === "file" && !choosable(node)).map(node => node.id)}
            empty={<EmptyState icon={<FolderClosed />} title={t("emptyFolder")} />}
          >
            {node => (
              <span className="ask-row">
                <FileIcon name={node.name} kind={node.kind} size={22} />
                <span className="ask-row-name" dir="auto">
                  {node.name}
                </span>
                <span className="ask-row-note">
                  {node.kind === "file" ? format.bytes(node.size) : t("items", { count: node.childCount ?? 0 })}
                </span>
              </span>
            )}
          </List>
        )}
      </div>
      {folder.total > folder.items.length && (
        <p className="ask-note">{t("moreItems", { count: folder.total - folder.items.length })}</p>
      )}
    </div>
  );
}
