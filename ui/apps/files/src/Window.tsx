import { type Node, type NodeId, type Os, sourcesFromDrop, sourcesFromFiles, toProblem } from "@webx/sdk";
import { cx, toast, useLocale } from "@webx/ui";
import Upload from "lucide-react/icons/upload";
import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Bar } from "./Bar";
import { type Bench, commandsOf } from "./commands";
import { Context, type Drop, type FilesContext } from "./context";
import { type Asking, Dialogs } from "./Dialogs";
import { selectionKey, windowKey } from "./keys";
import { Main } from "./Main";
import { placeEntries, selectionEntries } from "./menus";
import { isPackage, mediaOf } from "./model/names";
import { placeKey, step, type Trail, trailAt, visit } from "./model/place";
import * as selecting from "./model/selection";
import { Selected } from "./panels/Details";
import { FileInputs, type FileInputsHandle } from "./panels/FileInputs";
import { Sidebar } from "./panels/Sidebar";
import { Status } from "./panels/Status";
import { Transfers } from "./panels/Transfers";
import { Preview, type Previewed } from "./preview/Preview";
import { useActions } from "./state/useActions";
import { useLaunched } from "./state/useLaunched";
import { useChanges, useListing } from "./state/useListing";
import { useFileClip, useHere } from "./state/usePlace";
import { usePreferences } from "./state/usePreferences";
import { useTransfers } from "./state/useTransfers";
import { useT } from "./strings";
import { TRASH } from "./views/drag";
import type { ItemsHandle } from "./views/Items";
import { useSize } from "./views/useVisible";

const NO_CUT: ReadonlySet<NodeId> = new Set();
const NARROW = 640;

/** One window: a place, what is selected in it, and everything around. */
export function Window({ os, root }: { os: Os; root: Node }) {
  const t = useT();
  const { dir } = useLocale();
  const [trail, setTrail] = useState<Trail>({ places: [{ kind: "folder", id: root.id }], index: 0 });
  const place = trailAt(trail);
  const inFolder = place.kind === "folder";
  const [preferences, prefer] = usePreferences(os);
  const [revision, setRevision] = useState(0);
  const changed = useCallback(() => setRevision(n => n + 1), []);
  const notice = useChanges(os, changed);
  const listing = useListing(os, place, preferences.sort, revision);
  useSyncExternalStore(listing.subscribe, listing.getVersion);
  const here = useHere(os, root, place, revision);
  const [clip, setClip] = useFileClip(os);
  const transfers = useTransfers(os);
  const { queue } = transfers;
  const [actions, conflict] = useActions(os, transfers.show, notice);

  const [selection, setSelection] = useState(selecting.NOTHING);
  const [cursor, setCursor] = useState(-1);
  const [renaming, setRenaming] = useState<NodeId>();
  const [previewed, setPreviewed] = useState<Previewed>();
  const [asking, setAsking] = useState<Asking>();
  const [editingPath, setEditingPath] = useState(false);
  const [sideOpen, setSideOpen] = useState(false);

  const frame = useRef<HTMLDivElement>(null);
  const main = useRef<HTMLElement>(null);
  const items = useRef<ItemsHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const inputs = useRef<FileInputsHandle>(null);
  // The entries go away while another place is loaded; then they take the focus again.
  const focusInside = useRef(false);
  // The entry to be selected once it is shown.
  const wanted = useRef<NodeId | undefined>(undefined);
  const { width } = useSize(frame);
  const narrow = width > 0 && width < NARROW;
  const touch = useMemo(() => globalThis.matchMedia?.("(pointer: coarse)").matches ?? false, []);

  const go = useCallback<FilesContext["go"]>(next => {
    setTrail(old => visit(old, next));
    setPreviewed(undefined);
    setSideOpen(false);
  }, []);
  const preview = useCallback(
    (next: Previewed) => {
      const { node, version } = next;
      if (mediaOf(node.name, node.mime) !== "pdf") return setPreviewed(next);
      os.windows
        .viewDocument(node.id, version?.current === false ? version.id : undefined)
        .catch(() => setPreviewed(next));
    },
    [os],
  );
  const open = useCallback(
    (node: Node) => {
      if (node.kind === "folder") go({ kind: "folder", id: node.id });
      else if (isPackage(node.name))
        os.apps.install({ node: node.id }).catch((error: unknown) => {
          toast({ title: t("installFailed"), body: toProblem(error).message, level: "error" });
        });
      else preview({ node });
    },
    [os, go, preview, t],
  );
  const nameOf = useCallback(
    (node: Pick<Node, "id" | "name">) => (node.id === root.id ? t("drive") : node.name),
    [root.id, t],
  );
  const missing = useCallback(() => toast({ title: t("noSuchPath"), level: "warning" }), [t]);
  useLaunched(os, root, queue, here, go, wanted, node => preview({ node }), missing);

  const key = placeKey(place);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is another place, and that begins anew
  useEffect(() => {
    setSelection(selecting.NOTHING);
    setCursor(-1);
    setRenaming(undefined);
    setEditingPath(false);
  }, [key]);

  // What was asked for is selected once it is there; what is gone leaves the selection.
  useEffect(() => {
    const settle = () => {
      setSelection(old => selecting.refresh(old, id => listing.find(id)));
      const index = wanted.current === undefined ? undefined : listing.indexOf(wanted.current);
      const node = index === undefined ? undefined : listing.at(index);
      if (index === undefined || node === undefined) return;
      wanted.current = undefined;
      setSelection(selecting.only([node]));
      setCursor(index);
      requestAnimationFrame(() => items.current?.reveal(index));
    };
    settle();
    return listing.subscribe(settle);
  }, [listing]);

  const title =
    place.kind === "trash"
      ? t("trash")
      : place.kind === "search"
        ? t("searchFor", { query: place.query })
        : nameOf(here);
  useEffect(() => {
    void os.windows.setTitle(title).catch(() => {});
  }, [os, title]);

  const total = listing.total ?? 0;
  const count = selecting.count(selection, total);
  const single = selecting.single(selection);
  const bench: Bench = {
    ...{ os, actions, t, go, open, nameOf, place, here, listing, selection, single, clip, wanted },
    ...{ setClip, setSelection, setAsking, setRenaming },
    preview: node => preview({ node }),
    showDetails: () => prefer({ details: !preferences.details }),
    chooseFiles: () => inputs.current?.chooseFiles(),
    chooseFolder: () => inputs.current?.chooseFolder(),
  };
  const commands = commandsOf(bench);

  const up = async () => {
    if (place.kind !== "folder" && place.kind !== "past") return setTrail(old => step(old, -1));
    const node = await os.files.stat(place.id).catch(() => undefined);
    if (node?.parent == null) return;
    wanted.current = place.id;
    go({ kind: "folder", id: node.parent });
  };
  const keyDown = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || previewed !== undefined) return;
    const known = windowKey(event, dir === "rtl", inFolder, {
      step: by => setTrail(old => step(old, by)),
      up: () => void up(),
      search: () => search.current?.focus(),
      typePath: () => setEditingPath(true),
      newFolder: commands.newFolder,
      undo: () => void actions.undo(),
    });
    if (known) event.preventDefault();
  });
  // The whole document is the window: its keys work even when what had the focus is gone.
  useEffect(() => {
    document.addEventListener("keydown", keyDown);
    return () => document.removeEventListener("keydown", keyDown);
  }, []);
  const drop = useCallback(
    ({ target, nodes, copy, transfer }: Drop) => {
      if (nodes === undefined) {
        queue.add(target, sourcesFromDrop(transfer));
        return;
      }
      if (target === TRASH) {
        void actions.trash(nodes);
        return;
      }
      os.files
        .stat(target)
        .then(
          folder =>
            copy ? actions.copy(nodes, folder.id, nameOf(folder)) : actions.move(nodes, folder.id, nameOf(folder)),
          missing,
        );
    },
    [os, queue, actions, nameOf, missing],
  );

  const stepPreview = async (by: 1 | -1) => {
    const from = previewed === undefined ? undefined : listing.indexOf(previewed.node.id);
    if (from === undefined) return;
    for (let index = from + by; index >= 0 && index < total; index += by) {
      const [node] = await listing.range(index, index + 1).catch(() => []);
      if (node?.kind !== "file") continue;
      setPreviewed({ node });
      setCursor(index);
      setSelection(selecting.only([node]));
      return;
    }
  };
  const closePreview = () => {
    setPreviewed(undefined);
    requestAnimationFrame(() => items.current?.focus());
  };

  const context = useMemo<FilesContext>(
    () => ({ os, root, actions, uploads: queue, go, open, nameOf, revision, drop }),
    [os, root, actions, queue, go, open, nameOf, revision, drop],
  );
  const size = selection.all ? undefined : [...selection.nodes.values()].reduce((sum, node) => sum + node.size, 0);

  return (
    <Context.Provider value={context}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only notes where the focus was */}
      <div
        ref={frame}
        className={cx("fx", narrow && "fx-narrow", touch && "fx-touch")}
        onFocus={event => {
          focusInside.current = main.current?.contains(event.target) === true;
        }}
      >
        <h1 className="wx-visually-hidden">{title}</h1>
        <Bar
          trail={trail}
          onTrail={setTrail}
          onUp={() => void up()}
          place={place}
          root={here.id === root.id}
          preferences={preferences}
          onPreferences={prefer}
          commands={commands}
          narrow={narrow}
          searchInput={search}
          editingPath={editingPath}
          onEditingPath={setEditingPath}
          onSide={() => setSideOpen(!sideOpen)}
          sideOpen={sideOpen}
        />
        <div className="fx-middle">
          {(!narrow || sideOpen) && <Sidebar place={place} onGo={go} />}
          <section
            ref={main}
            className="fx-main"
            aria-label={title}
            onPointerDown={() => {
              if (sideOpen) setSideOpen(false);
            }}
          >
            <Main
              listing={listing}
              place={place}
              here={here}
              commands={commands}
              items={{
                ...{ listing, touch, selection, cursor, renaming },
                layout: preferences.layout,
                label: inFolder ? t("contentOf", { name: title }) : title,
                onSelection: setSelection,
                onCursor: setCursor,
                onSort: sort => prefer({ sort }),
                onOpen: node => (place.kind === "trash" ? setSelection(selecting.only([node])) : open(node)),
                onPreview: node => node.kind === "file" && place.kind !== "trash" && preview({ node }),
                onKey: event => selectionKey(event, place, count, commands),
                menuFor: (about, node) => {
                  if (node === undefined) return placeEntries(t, place, commands, clip);
                  // The selection may just have become another one, which the commands above do not know yet.
                  const one = selecting.single(about);
                  return selectionEntries(t, place, one, commandsOf({ ...bench, selection: about, single: one }), clip);
                },
                cut: clip?.mode === "cut" ? new Set(clip.ids) : NO_CUT,
                onRenamed: (node, name) => {
                  setRenaming(undefined);
                  requestAnimationFrame(() => items.current?.focus());
                  if (name === undefined || name === node.name) return;
                  wanted.current = node.id;
                  void actions.rename(node, name);
                },
                target: inFolder ? place.id : undefined,
                handle: items,
                focusAtOnce: focusInside,
              }}
            />
            <Status
              count={count}
              total={listing.total}
              size={size}
              place={place}
              commands={commands}
              menu={() => selectionEntries(t, place, single, commands, clip)}
            />
          </section>
          {preferences.details && !narrow && place.kind !== "trash" && (
            <Selected
              node={single ?? (count === 0 && inFolder ? here : undefined)}
              count={count}
              size={size}
              onDownload={commands.download}
              onPreview={(node, version) => preview(version === undefined ? { node } : { node, version })}
            />
          )}
        </div>
        <Transfers transfers={transfers} />
        {previewed !== undefined && (
          <Preview
            shown={previewed}
            onStep={by => void stepPreview(by)}
            onSaved={node => setPreviewed({ node })}
            onClose={closePreview}
          />
        )}
        <FileInputs handle={inputs} onFiles={files => queue.add(here.id, sourcesFromFiles(files))} />
        <Dialogs
          conflict={conflict}
          asking={asking}
          onClose={() => setAsking(undefined)}
          onGone={() => setSelection(selecting.NOTHING)}
        />
        <div className="fx-drop-hint" aria-hidden="true">
          <Upload size={20} />
          {t("dropHint", { name: nameOf(here) })}
        </div>
      </div>
    </Context.Provider>
  );
}
