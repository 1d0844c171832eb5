// biome-ignore-all lint/a11y/useSemanticElements: a scrolled area with a name
import { type Node, useLoad } from "@webx/sdk";
import { Button, ErrorState, Segmented, Select, Skeleton, Switch } from "@webx/ui";
import FileText from "lucide-react/icons/file-text";
import Pencil from "lucide-react/icons/pencil";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useFiles } from "../context";
import { explain } from "../model/actions";
import { useT } from "../strings";
import { decode, detectEncoding, ENCODINGS, type Encoding, TEXT_STEP } from "./encoding";
import { NoPreview } from "./NoPreview";

const Markdown = lazy(() => import("./Markdown").then(file => ({ default: file.Markdown })));
const EDIT_LIMIT = 2 * 1024 * 1024;

/** Text, piece by piece when it is long, in the encoding it has or the person chooses. Small files can be edited. */
export function TextPreview({
  node,
  version,
  markdown,
  onSaved,
}: {
  node: Node;
  version: number | undefined;
  markdown: boolean;
  onSaved: (node: Node) => void;
}) {
  const t = useT();
  const { os, actions } = useFiles();
  const [limit, setLimit] = useState(TEXT_STEP);
  const [chosen, setChosen] = useState<Encoding>();
  const [wrap, setWrap] = useState(true);
  const [view, setView] = useState<"page" | "source">("page");
  const [draft, setDraft] = useState<string>();
  const [busy, setBusy] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const edited = useRef(false);
  const editing = draft !== undefined;
  // The buttons of the editor are gone when it closes; the keyboard goes to the text.
  useEffect(() => {
    if (edited.current && !editing) body.current?.focus({ preventScroll: true });
    edited.current = editing;
  }, [editing]);
  const size = Math.min(limit, node.size);
  const bytes = useLoad(`text ${node.id} ${version} ${node.version} ${size}`, async signal => {
    if (size === 0) return new Uint8Array();
    const blob = await os.files.read(node.id, { start: 0, end: size }, version, { signal });
    return new Uint8Array(await blob.arrayBuffer());
  });

  if (bytes.problem !== undefined) return <ErrorState onRetry={bytes.reload}>{explain(t, bytes.problem)}</ErrorState>;
  if (bytes.data === undefined)
    return (
      <div className="fx-text-loading" role="status">
        <span className="wx-visually-hidden">{t("loading")}</span>
        {["80%", "64%", "72%", "40%"].map(width => (
          <Skeleton key={width} width={width} />
        ))}
      </div>
    );
  const detected = detectEncoding(bytes.data);
  const encoding = chosen ?? detected;
  if (encoding === undefined) return <NoPreview node={node} onAsText={() => setChosen("windows-1252")} />;
  const text = decode(bytes.data, encoding);
  const whole = size >= node.size;
  const canEdit = whole && version === undefined && node.size <= EDIT_LIMIT && encoding === "utf-8";

  const save = async () => {
    if (draft === undefined) return;
    setBusy(true);
    const after = await actions.save(node, draft);
    setBusy(false);
    if (after === undefined) return;
    setDraft(undefined);
    onSaved(after);
  };

  if (draft !== undefined)
    return (
      <div className="fx-text">
        <div className="fx-text-bar">
          <Button variant="primary" size="sm" isPending={busy} onPress={() => void save()}>
            {t("save")}
          </Button>
          <Button size="sm" onPress={() => setDraft(undefined)}>
            {t("discardChanges")}
          </Button>
        </div>
        <textarea
          className="fx-text-body fx-text-edit"
          aria-label={t("contentOf", { name: node.name })}
          value={draft}
          dir="auto"
          spellCheck={markdown}
          // biome-ignore lint/a11y/noAutofocus: the person just asked to type here
          autoFocus
          onChange={event => setDraft(event.target.value)}
          onKeyDown={event => {
            event.stopPropagation();
            if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
              event.preventDefault();
              void save();
            }
          }}
        />
      </div>
    );

  return (
    <div className="fx-text">
      <div className="fx-text-bar">
        {markdown && (
          <Segmented
            label={t("viewAs")}
            value={view}
            onChange={setView}
            options={[
              { id: "page", label: t("viewPage") },
              { id: "source", label: t("viewSource") },
            ]}
          />
        )}
        <Select
          aria-label={t("encoding")}
          value={encoding}
          onChange={setChosen}
          options={ENCODINGS.map(id => ({ id, label: id.toUpperCase() }))}
        />
        {!(markdown && view === "page") && (
          <Switch isSelected={wrap} onChange={setWrap}>
            {t("wrapLines")}
          </Switch>
        )}
        <span className="fx-grow" />
        {canEdit && (
          <Button size="sm" icon={<Pencil />} onPress={() => setDraft(text)}>
            {t("edit")}
          </Button>
        )}
      </div>
      <div
        ref={body}
        className="fx-text-body"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled text must be reachable by keyboard
        tabIndex={0}
        role="region"
        aria-label={t("contentOf", { name: node.name })}
      >
        {node.size === 0 ? (
          <p className="fx-hint">
            <FileText size={16} aria-hidden="true" /> {t("emptyFile")}
          </p>
        ) : markdown && view === "page" ? (
          <Suspense fallback={<Skeleton width="70%" />}>
            <Markdown source={text} />
          </Suspense>
        ) : (
          <pre className={wrap ? "fx-pre fx-wrap" : "fx-pre"} dir="auto">
            {text}
          </pre>
        )}
        {!whole && (
          <div className="fx-text-more">
            <p>{t("shownOf", { shown: size, total: node.size })}</p>
            <Button size="sm" onPress={() => setLimit(limit + 2 * TEXT_STEP)}>
              {t("showMore")}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}
