// biome-ignore-all lint/a11y/useSemanticElements: a scrolled area with a name
import { type Node, useLoad } from "@webx/sdk";
import { ErrorState, IconButton, Skeleton } from "@webx/ui";
import Maximize from "lucide-react/icons/maximize";
import ZoomIn from "lucide-react/icons/zoom-in";
import ZoomOut from "lucide-react/icons/zoom-out";
import { useEffect, useState } from "react";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import { useT } from "../strings";
import { freshUrl } from "../views/cells";
import { NoPreview } from "./NoPreview";

const PDF_LIMIT = 256 * 1024 * 1024;

interface Props {
  node: Node;
  version: number | undefined;
}

function useContentUrl({ node, version }: Props) {
  const { os } = useFiles();
  return useLoad(`url ${node.id} ${version} ${node.version}`, async () =>
    freshUrl(await os.files.contentUrl(node.id, version), node.version),
  );
}

export function ImagePreview({ node, version }: Props) {
  const t = useT();
  const url = useContentUrl({ node, version });
  const [zoom, setZoom] = useState(1);
  const [broken, setBroken] = useState(false);
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
          onError={() => setBroken(true)}
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
  const [broken, setBroken] = useState(false);
  if (url.problem !== undefined) return <ErrorState onRetry={url.reload}>{explain(t, url.problem)}</ErrorState>;
  if (url.data === undefined) return <Skeleton className="fx-media-loading" width="100%" height="100%" />;
  if (broken) return <NoPreview node={node} />;
  const common = {
    src: url.data,
    controls: true,
    preload: "metadata",
    "aria-label": node.name,
    onError: () => setBroken(true),
  } as const;
  return <div className="fx-player">{video ? <video {...common} /> : <audio {...common} />}</div>;
}

/** The browser's own viewer, on a copy in memory: it does not run in the sandbox the node puts content in. */
export function PdfPreview({ node, version }: Props) {
  const t = useT();
  const { os } = useFiles();
  const [url, setUrl] = useState<string>();
  const fits = node.size <= PDF_LIMIT;
  const blob = useLoad(`pdf ${node.id} ${version} ${node.version}`, async signal => {
    if (!fits) return undefined;
    return os.files.read(node.id, undefined, version, { signal });
  });
  const { data } = blob;
  useEffect(() => {
    if (data === undefined) return;
    const address = URL.createObjectURL(new Blob([data], { type: "application/pdf" }));
    setUrl(address);
    return () => URL.revokeObjectURL(address);
  }, [data]);

  if (!fits) return <NoPreview node={node} />;
  if (blob.problem !== undefined) return <ErrorState onRetry={blob.reload}>{explain(t, blob.problem)}</ErrorState>;
  if (url === undefined) return <Skeleton className="fx-media-loading" width="100%" height="100%" />;
  return <iframe className="fx-pdf" src={url} title={node.name} />;
}
