// biome-ignore-all lint/a11y/useSemanticElements: a scrolled area with a name
import { type Node, toProblem, useLoad } from "@webx/sdk";
import { Button, EmptyState, ErrorState, FileIcon, IconButton, Skeleton, toast } from "@webx/ui";
import ExternalLink from "lucide-react/icons/external-link";
import Maximize from "lucide-react/icons/maximize";
import ZoomIn from "lucide-react/icons/zoom-in";
import ZoomOut from "lucide-react/icons/zoom-out";
import { useState } from "react";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import { forgetObjectUrl, objectUrl } from "../model/objects";
import { useT } from "../strings";
import { NoPreview } from "./NoPreview";

interface Props {
  node: Node;
  version: number | undefined;
}

function useContentUrl({ node, version }: Props) {
  const { os } = useFiles();
  return useLoad(`url ${node.id} ${version} ${node.version}`, () => objectUrl(os, node, version));
}

function useBroken(node: Node, version: number | undefined) {
  const [broken, setBroken] = useState(false);
  const failed = () => {
    forgetObjectUrl(node, version);
    setBroken(true);
  };
  return [broken, failed] as const;
}

export function ImagePreview({ node, version }: Props) {
  const t = useT();
  const url = useContentUrl({ node, version });
  const [zoom, setZoom] = useState(1);
  const [broken, failed] = useBroken(node, version);
  if (url.problem !== undefined) return <ErrorState onRetry={url.reload}>{explain(t, url.problem)}</ErrorState>;
  if (url.data === undefined) return <Skeleton className="fx-media-loading" width="100%" height="100%" />;
  if (broken) return <NoPreview node={node} />;
  return (
    <div className="fx-image">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled picture must be reachable by keyboard */}
      <div className="fx-image-area" tabIndex={0} role="region" aria-label={t("contentOf", { name: node.name })}>
        <img
          src={url.data}
          alt={node.name}
          onError={failed}
          style={zoom === 1 ? undefined : { maxInlineSize: "none", maxBlockSize: "none", inlineSize: `${zoom * 100}%` }}
        />
      </div>
      <div className="fx-image-tools">
        <IconButton label={t("zoomOut")} isDisabled={zoom <= 0.25} onPress={() => setZoom(zoom / 1.5)}>
          <ZoomOut />
        </IconButton>
        <IconButton label={t("zoomFit")} onPress={() => setZoom(1)}>
          <Maximize />
        </IconButton>
        <IconButton label={t("zoomIn")} isDisabled={zoom >= 8} onPress={() => setZoom(zoom * 1.5)}>
          <ZoomIn />
        </IconButton>
      </div>
    </div>
  );
}

/** Plays by range requests: a film starts at once and jumps anywhere. */
export function PlayerPreview({ node, version, video }: Props & { video: boolean }) {
  const t = useT();
  const url = useContentUrl({ node, version });
  const [broken, failed] = useBroken(node, version);
  if (url.problem !== undefined) return <ErrorState onRetry={url.reload}>{explain(t, url.problem)}</ErrorState>;
  if (url.data === undefined) return <Skeleton className="fx-media-loading" width="100%" height="100%" />;
  if (broken) return <NoPreview node={node} />;
  const common = {
    src: url.data,
    controls: true,
    preload: "metadata",
    "aria-label": node.name,
    onError: failed,
  } as const;
  return <div className="fx-player">{video ? <video {...common} /> : <audio {...common} />}</div>;
}

/** A document opens in a window of the desktop: an app's own frame has no viewer. */
export function PdfPreview({ node, version }: Props) {
  const t = useT();
  const { os } = useFiles();
  const show = () =>
    os.windows.viewDocument(node.id, version).catch((error: unknown) => {
      toast({ title: t("viewFailed"), body: explain(t, toProblem(error)), level: "error" });
    });
  return (
    <EmptyState
      icon={<FileIcon name={node.name} size={64} />}
      title={node.name}
      action={
        <Button variant="primary" icon={<ExternalLink />} onPress={show}>
          {t("viewDocument")}
        </Button>
      }
    >
      {t("viewDocumentText")}
    </EmptyState>
  );
}
