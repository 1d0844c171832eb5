import type { Node } from "@webx/sdk";
import { Button, EmptyState, FileIcon } from "@webx/ui";
import Download from "lucide-react/icons/download";
import { useFiles } from "../context";
import { useT } from "../strings";

/** For files nobody here can show: says so and offers what helps. */
export function NoPreview({ node, onAsText }: { node: Node; onAsText?: () => void }) {
  const t = useT();
  const { actions } = useFiles();
  return (
    <EmptyState
      icon={<FileIcon name={node.name} size={64} />}
      title={t("noPreview")}
      action={
        <div className="fx-state-actions">
          <Button variant="primary" icon={<Download />} onPress={() => void actions.download([node])}>
            {t("download")}
          </Button>
          {onAsText !== undefined && <Button onPress={onAsText}>{t("showAsText")}</Button>}
        </div>
      }
    >
      {t("noPreviewText")}
    </EmptyState>
  );
}
