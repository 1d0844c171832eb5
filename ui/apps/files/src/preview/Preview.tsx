import type { Node, Version } from "@webx/sdk";
import { Badge, cx, FileIcon, IconButton, useLocale } from "@webx/ui";
import ChevronLeft from "lucide-react/icons/chevron-left";
import ChevronRight from "lucide-react/icons/chevron-right";
import Download from "lucide-react/icons/download";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import X from "lucide-react/icons/x";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { useFiles } from "../context";
import { mediaOf } from "../model/names";
import { useT } from "../strings";
import { ImagePreview, PdfPreview, PlayerPreview } from "./MediaPreview";
import { NoPreview } from "./NoPreview";
import { TextPreview } from "./TextPreview";

export interface Previewed {
  node: Node;
  version?: Version;
}

/** A file as large as the window, with the way to its neighbours. */
export function Preview({
  shown,
  onStep,
  onSaved,
  onClose,
}: {
  shown: Previewed;
  /** To the next or the previous file of the folder. */
  onStep: (by: 1 | -1) => void;
  onSaved: (node: Node) => void;
  onClose: () => void;
}) {
  const t = useT();
  const { dir, format } = useLocale();
  const { actions } = useFiles();
  const { node, version } = shown;
  const panel = useRef<HTMLElement>(null);
  // Whatever had the keyboard may be gone with the content: then the preview itself takes it, so that its keys go on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever something else is shown
  useEffect(() => {
    const element = panel.current;
    if (element && !element.contains(element.ownerDocument.activeElement)) element.focus({ preventScroll: true });
  }, [shown]);
  const old = version !== undefined && !version.current;

  const onKeyDown = (event: KeyboardEvent) => {
    const field =
      event.target instanceof Element && event.target.closest("input, textarea, select, audio, video, [role=listbox]");
    if (event.key === "Escape" || (event.key === " " && event.target === panel.current)) {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
    if (field || event.ctrlKey || event.metaKey || event.altKey) return;
    const forward = dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    if (event.key === forward) onStep(1);
    if (event.key === back) onStep(-1);
  };

  return (
    <section
      ref={panel}
      className="fx-preview"
      role="dialog"
      aria-label={t("previewOf", { name: node.name })}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <header className="fx-preview-head">
        <FileIcon name={node.name} size={20} />
        <h2 dir="auto" title={node.name}>
          {node.name}
        </h2>
        {version !== undefined && (
          <Badge>{t("versionOn", { number: version.number, at: new Date(version.createdAt) })}</Badge>
        )}
        <span className="fx-preview-size">{format.bytes(version?.size ?? node.size)}</span>
        <span className="fx-grow" />
        {old && (
          <IconButton
            label={t("restoreVersion")}
            onPress={() => void actions.restoreVersion(node, version.id).then(onClose)}
          >
            <RotateCcw />
          </IconButton>
        )}
        <IconButton label={t("previous")} onPress={() => onStep(-1)}>
          {dir === "rtl" ? <ChevronRight /> : <ChevronLeft />}
        </IconButton>
        <IconButton label={t("next")} onPress={() => onStep(1)}>
          {dir === "rtl" ? <ChevronLeft /> : <ChevronRight />}
        </IconButton>
        <IconButton label={t("download")} onPress={() => void actions.download([node], version?.id)}>
          <Download />
        </IconButton>
        <IconButton label={t("closePreview")} onPress={onClose}>
          <X />
        </IconButton>
      </header>
      <div className={cx("fx-preview-body", `fx-preview-${mediaOf(node.name, node.mime)}`)}>
        <Content key={`${node.id} ${version?.id}`} node={node} version={version} onSaved={onSaved} />
      </div>
    </section>
  );
}

function Content({
  node,
  version,
  onSaved,
}: {
  node: Node;
  version: Version | undefined;
  onSaved: (node: Node) => void;
}) {
  // The size of the version that is shown decides how much is read.
  const seen = version === undefined ? node : { ...node, size: version.size };
  const which = version === undefined || version.current ? undefined : version.id;
  const media = mediaOf(node.name, node.mime);
  switch (media) {
    case "image":
      return <ImagePreview node={seen} version={which} />;
    case "video":
    case "audio":
      return <PlayerPreview node={seen} version={which} video={media === "video"} />;
    case "pdf":
      return <PdfPreview node={seen} version={which} />;
    case "markdown":
    case "text":
      return <TextPreview node={seen} version={which} markdown={media === "markdown"} onSaved={onSaved} />;
    case "archive":
      return <NoPreview node={node} />;
    case "other":
      // Much that has no known ending is text all the same.
      return node.size <= 1024 * 1024 ? (
        <TextPreview node={seen} version={which} markdown={false} onSaved={onSaved} />
      ) : (
        <NoPreview node={node} />
      );
  }
}
