import { type Node, useLoad, type Version } from "@webx/sdk";
import { Badge, Button, ErrorState, IconButton, KeyValue, Menu, Skeleton, SkeletonList, useLocale } from "@webx/ui";
import Download from "lucide-react/icons/download";
import Ellipsis from "lucide-react/icons/ellipsis";
import Eye from "lucide-react/icons/eye";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import RotateCcw from "lucide-react/icons/rotate-ccw";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import { useT } from "../strings";
import { folderOf, Picture, useKindName } from "../views/cells";

/** The pane at the side: about the one entry, or about how many there are. */
export function Selected({
  node,
  count,
  size,
  onPreview,
  onDownload,
}: {
  node: Node | undefined;
  count: number;
  size: number | undefined;
  onPreview: (node: Node, version?: Version) => void;
  onDownload: () => void;
}) {
  return (
    <aside className="fx-aside">
      {node === undefined ? (
        <DetailsOfMany count={count} size={size} onDownload={onDownload} />
      ) : (
        <Details node={node} onPreview={onPreview} />
      )}
    </aside>
  );
}

/** Everything about one entry: picture, facts, who can read it, its versions. */
function Details({ node, onPreview }: { node: Node; onPreview: (node: Node, version?: Version) => void }) {
  const t = useT();
  const { format } = useLocale();
  const { os, nameOf } = useFiles();
  const kindName = useKindName();
  const path = useLoad(`path ${node.id} ${node.parent} ${node.name}`, () => os.files.path(node.id));

  return (
    <section className="fx-details" aria-label={t("detailsOf", { name: nameOf(node) })}>
      <button
        type="button"
        className="fx-details-picture"
        onClick={() => onPreview(node)}
        disabled={node.kind === "folder"}
        aria-label={t("previewOf", { name: node.name })}
      >
        <Picture node={node} size={72} />
      </button>
      <h2 className="fx-details-name" dir="auto">
        {nameOf(node)}
      </h2>
      <KeyValue
        items={[
          { label: t("column.kind"), value: kindName(node) },
          node.kind === "file"
            ? {
                label: t("column.size"),
                value:
                  node.size < 1000 ? format.bytes(node.size) : t("sizeExact", { size: node.size, bytes: node.size }),
              }
            : { label: t("content"), value: t("items", { count: node.childCount ?? 0 }) },
          { label: t("column.modified"), value: format.datetime(new Date(node.modified)) },
          { label: t("createdOn"), value: format.datetime(new Date(node.created)) },
          {
            label: t("column.where"),
            value: path.data === undefined ? <Skeleton width="60%" /> : <bdi dir="ltr">{folderOf(path.data.path)}</bdi>,
          },
        ]}
      />
      <div className="fx-readers">
        <LockKeyhole size={18} aria-hidden="true" />
        <div>
          <strong>{t("onlyYou")}</strong>
          <p>{t("onlyYouText")}</p>
        </div>
      </div>
      {node.kind === "file" && <Versions node={node} onPreview={onPreview} />}
    </section>
  );
}

function Versions({ node, onPreview }: { node: Node; onPreview: (node: Node, version?: Version) => void }) {
  const t = useT();
  const { format } = useLocale();
  const { os, actions } = useFiles();
  const versions = useLoad(`versions ${node.id} ${node.version}`, () => os.files.versions(node.id));

  return (
    <section aria-label={t("versions")} className="fx-versions">
      <h3>{t("versions")}</h3>
      {versions.problem !== undefined && (
        <ErrorState onRetry={versions.reload}>{explain(t, versions.problem)}</ErrorState>
      )}
      {versions.data === undefined && versions.problem === undefined && <SkeletonList rows={2} height={36} />}
      <ul>
        {versions.data?.map(version => (
          <li key={version.id} className="fx-version">
            <div className="fx-version-text">
              <span>
                {format.datetime(new Date(version.createdAt))}
                {version.current && <Badge>{t("versionCurrent")}</Badge>}
              </span>
              <small>{t("versionLine", { number: version.number, size: version.size })}</small>
            </div>
            <Menu
              label={t("versionActions", { number: version.number })}
              placement="bottom end"
              trigger={
                <IconButton size="sm" label={t("versionActions", { number: version.number })}>
                  <Ellipsis />
                </IconButton>
              }
              items={[
                { id: "preview", label: t("preview"), icon: Eye, onAction: () => onPreview(node, version) },
                {
                  id: "download",
                  label: t("download"),
                  icon: Download,
                  onAction: () => void actions.download([node], version.id),
                },
                ...(version.current
                  ? []
                  : ([
                      "separator",
                      {
                        id: "restore",
                        label: t("restoreVersion"),
                        icon: RotateCcw,
                        onAction: () => void actions.restoreVersion(node, version.id),
                      },
                    ] as const)),
              ]}
            />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The pane for several entries, or for none. */
function DetailsOfMany({
  count,
  size,
  onDownload,
}: {
  count: number;
  size: number | undefined;
  onDownload: () => void;
}) {
  const t = useT();
  return (
    <section className="fx-details fx-details-many" aria-label={t("details")}>
      {count === 0 ? (
        <p className="fx-details-hint">{t("detailsHint")}</p>
      ) : (
        <>
          <h2 className="fx-details-name">{t("selected", { count })}</h2>
          {size !== undefined && <p className="fx-details-hint">{t("sizeTotal", { size })}</p>}
          <Button icon={<Download />} onPress={onDownload}>
            {t("downloadZip")}
          </Button>
        </>
      )}
    </section>
  );
}
