import {
  type FileClip,
  type Node,
  type NodeId,
  type Os,
  sourcesFromDrop,
  sourcesFromFiles,
  type UploadSource,
  useLaunch,
} from "@webx/sdk";
import { AlertDialog, cx, toast, useLocale } from "@webx/ui";
import Upload from "lucide-react/icons/upload";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Bar } from "./Bar";
import { Context, type Drop, type FilesContext } from "./context";
import { Main } from "./Main";
import { type Commands, placeEntries, selectionEntries } from "./menus";
import { Actions, type Decision } from "./model/actions";
import { placeKey, step, type Trail, trailAt, visit } from "./model/place";
import * as selecting from "./model/selection";
import { type Conflict, ConflictDialog } from "./panels/ConflictDialog";
import { Details, DetailsOfMany } from "./panels/Details";
import { FolderPicker } from "./panels/FolderPicker";
import { RestoreDialog } from "./panels/RestoreDialog";
import { Sidebar } from "./panels/Sidebar";
import { Status } from "./panels/Status";
import { Transfers } from "./panels/Transfers";
import { Preview, type Previewed } from "./preview/Preview";
import { useChanges, useListing } from "./state/useListing";
import { usePreferences } from "./state/usePreferences";
import { useTransfers } from "./state/useTransfers";
import { useT } from "./strings";
import type { ItemsHandle } from "./views/Items";
import { useSize } from "./views/useVisible";

/** What the window can be opened with. */
export interface LaunchArgs {
  folder?: NodeId;
  select?: NodeId;
  preview?: NodeId;
  path?: string;
  trash?: boolean;
  /** Dropped elsewhere: put into the folder. Entries without a file are folders. */
  upload?: { path: string; file?: File }[];
}

function sourceOfLaunch({ path, file }: { path: string; file?: File }): UploadSource {
  const [source] = file === undefined ? [] : sourcesFromFiles([file]);
  if (source === undefined) return { path: path.endsWith("/") ? path : `${path}/`, body: new Blob([]) };
  return { ...source, path };
}

const NO_CUT: ReadonlySet<NodeId> = new Set();
const NARROW = 640;
const WIDE = 900;

type Asking =
  | { kind: "purge"; nodes: readonly Node[] }
  | { kind: "empty" }
  | { kind: "pick"; copy: boolean; nodes: readonly Node[] }
  | { kind: "time"; folder: Node };

export function Window({ os, root }: { os: Os; root: Node }) {
  const t = useT();
  const { dir } = useLocale();
  const launch = useLaunch();
  const [trail, setTrail] = useState<Trail>({ places: [{ kind: "folder", id: root.id }], index: 0 });
  const place = trailAt(trail);
  const [preferences, prefer] = usePreferences(os);
  const [revision, setRevision] = useState(0);
  const changed = useCallback(() => setRevision(n => n + 1), []);
  const listing = useListing(os, place, preferences.sort, revision);
  useSyncExternalStore(listing.subscribe, listing.getVersion);
  const transfers = useTransfers(os);
  const { show, tick, queue } = transfers;
  const [selection, setSelection] = useState(selecting.NOTHING);
  const [cursor, setCursor] = useState(-1);
  const [renaming, setRenaming] = useState<NodeId>();
  const [previewed, setPreviewed] = useState<Previewed>();
  const [conflict, setConflict] = useState<Conflict>();
  const [asking, setAsking] = useState<Asking>();
  const [clip, setClip] = useState<FileClip | null>(null);
  const [editingPath, setEditingPath] = useState(false);
  const [sideOpen, setSideOpen] = useState(false);
  const [here, setHere] = useState<Node>(root);
  const frame = useRef<HTMLDivElement>(null);
  const main = useRef<HTMLElement>(null);
  // The entries go away while another place is loaded; then they take the focus again.
  const focusInside = useRef(false);
  const items = useRef<ItemsHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const filesInput = useRef<HTMLInputElement>(null);
  const folderInput = useRef<HTMLInputElement>(null);
  const { width } = useSize(frame);
  const narrow = width > 0 && width < NARROW;
  const touch = useMemo(() => globalThis.matchMedia?.("(pointer: coarse)").matches ?? false, []);

  useChanges(os, changed);
  useEffect(() => {
    os.clipboard.readFiles().then(setClip, () => {});
    return os.clipboard.onChange(setClip);
  }, [os]);

  const latestT = useRef(t);
  latestT.current = t;
  const actions = useMemo(
    () =>
      new Actions({
        os,
        t: () => latestT.current,
        toast,
        show,
        changed: () => {
          tick();
          changed();
        },
        askConflict: (names, target, files) =>
          new Promise<Decision | null>(done =>
            setConflict({
              names,
              target,
              files,
              answer: decision => {
                setConflict(undefined);
                done(decision);
              },
            }),
          ),
      }),
    [os, show, tick, changed],
  );

  const go = useCallback<FilesContext["go"]>(next => {
    setTrail(old => visit(old, next));
    setPreviewed(undefined);
    setSideOpen(false);
  }, []);
  const nameOf = useCallback(
    (node: Pick<Node, "id" | "name">) => (node.id === root.id ? t("drive") : node.name),
    [root.id, t],
  );
  const open = useCallback(
    (node: Node) => {
      if (node.kind === "folder") go({ kind: "folder", id: node.id });
      else setPreviewed({ node });
    },
    [go],
  );

  // A place begins without a selection; what the window was opened for may bring one.
  const key = placeKey(place);
  const wanted = useRef<NodeId | undefined>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` is another place
  useEffect(() => {
    setSelection(selecting.NOTHING);
    setCursor(-1);
    setRenaming(undefined);
    setEditingPath(false);
  }, [key]);

  const folderId = place.kind === "folder" || place.kind === "past" ? place.id : undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` asks again
  useEffect(() => {
    if (folderId === undefined) return;
    let gone = false;
    os.files.stat(folderId).then(
      node => {
        if (!gone) setHere(node.trashed == null ? node : root);
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [os, folderId, revision, root]);

  const title =
    place.kind === "trash"
      ? t("trash")
      : place.kind === "search"
        ? t("searchFor", { query: place.query })
        : nameOf(here);
  useEffect(() => {
    void os.windows.setTitle(title).catch(() => {});
  }, [os, title]);

  useEffect(() => {
    const args = launch.args as LaunchArgs | undefined;
    if (args === undefined) return;
    const follow = async () => {
      if (args.trash) go({ kind: "trash" });
      if (args.upload !== undefined && args.upload.length > 0)
        queue.add(args.folder ?? root.id, args.upload.map(sourceOfLaunch));
      const aim = args.preview ?? args.select;
      if (args.folder !== undefined) go({ kind: "folder", id: args.folder === "root" ? root.id : args.folder });
      const node =
        args.path !== undefined
          ? await os.files.resolve(args.path)
          : aim === undefined
            ? undefined
            : await os.files.stat(aim);
      if (node === undefined) return;
      if (node.kind === "folder" && args.select === undefined) return go({ kind: "folder", id: node.id });
      if (node.parent != null) go({ kind: "folder", id: node.parent });
      wanted.current = node.id;
      if (args.preview !== undefined || (args.path !== undefined && node.kind === "file")) setPreviewed({ node });
    };
    follow().catch(() => toast({ title: latestT.current("noSuchPath"), level: "warning" }));
  }, [launch, os, go, queue, root.id]);

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

  const total = listing.total ?? 0;
  const count = selecting.count(selection, total);
  const single = count === 1 && !selection.all ? [...selection.nodes.values()][0] : undefined;
  const chosen = async (): Promise<readonly Node[]> =>
    selection.all
      ? (await listing.all()).filter(node => !selection.except.has(node.id))
      : [...selection.nodes.values()];
  const withChosen = (act: (nodes: readonly Node[]) => void) => {
    chosen().then(
      nodes => {
        if (nodes.length > 0) act(nodes);
      },
      () => toast({ title: t("listFailed"), level: "error" }),
    );
  };

  const made = (node: Node | undefined) => {
    if (node === undefined) return;
    wanted.current = node.id;
    setRenaming(node.id);
  };
  const clipTo = (mode: FileClip["mode"]) =>
    withChosen(nodes => {
      const next: FileClip = { mode, ids: nodes.map(node => node.id) };
      setClip(next);
      void os.clipboard.writeFiles(next);
      toast({ title: t(mode === "cut" ? "cutDone" : "copyDone", { count: nodes.length }) });
    });
  const paste = async () => {
    if (clip === null || place.kind !== "folder") return;
    const target = single?.kind === "folder" ? single : here;
    const nodes = (await Promise.all(clip.ids.map(id => os.files.stat(id).catch(() => undefined)))).filter(
      node => node !== undefined && node.trashed == null,
    ) as Node[];
    if (clip.mode === "cut") {
      await actions.move(nodes, target.id, nameOf(target));
      setClip(null);
      void os.clipboard.writeFiles(null);
    } else await actions.copy(nodes, target.id, nameOf(target));
  };

  const commands: Commands = {
    open: () => single && open(single),
    openInNewWindow: () => void (single && os.windows.open("files", { folder: single.id })),
    preview: () => single?.kind === "file" && setPreviewed({ node: single }),
    download: () => withChosen(nodes => void actions.download(nodes)),
    cut: () => clipTo("cut"),
    copy: () => clipTo("copy"),
    paste: () => void paste(),
    duplicate: () => withChosen(nodes => void actions.copy(nodes, here.id, nameOf(here))),
    moveTo: () => withChosen(nodes => setAsking({ kind: "pick", copy: false, nodes })),
    copyTo: () => withChosen(nodes => setAsking({ kind: "pick", copy: true, nodes })),
    rename: () => single && setRenaming(single.id),
    details: () => prefer({ details: true }),
    restoreTime: () => setAsking({ kind: "time", folder: single?.kind === "folder" ? single : here }),
    trash: () => withChosen(nodes => void actions.trash(nodes).then(() => setSelection(selecting.NOTHING))),
    restore: () => withChosen(nodes => void actions.restore(nodes).then(() => setSelection(selecting.NOTHING))),
    purge: () => withChosen(nodes => setAsking({ kind: "purge", nodes })),
    emptyTrash: () => setAsking({ kind: "empty" }),
    newFolder: () => void actions.newFolder(here.id).then(made),
    newText: () => void actions.newTextFile(here.id).then(made),
    uploadFiles: () => filesInput.current?.click(),
    uploadFolder: () => folderInput.current?.click(),
    selectAll: () => setSelection(selecting.everything()),
    showInFolder: () => {
      if (single?.parent == null) return;
      wanted.current = single.id;
      go({ kind: "folder", id: single.parent });
    },
  };

  const inFolder = place.kind === "folder";
  const onKey = (event: KeyboardEvent): boolean => {
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    if (event.key === "F2" && single && inFolder) commands.rename();
    else if (event.key === "Delete" && count > 0 && place.kind !== "past")
      place.kind === "trash" ? commands.purge() : commands.trash();
    else if (control && letter === "c" && count > 0 && place.kind !== "trash") commands.copy();
    else if (control && letter === "x" && count > 0 && (inFolder || place.kind === "search")) commands.cut();
    else if (control && letter === "v" && inFolder) commands.paste();
    else if (event.altKey && event.key === "Enter") prefer({ details: !preferences.details });
    else return false;
    return true;
  };
  const up = async () => {
    if (folderId === undefined) return setTrail(old => step(old, -1));
    const node = await os.files.stat(folderId).catch(() => undefined);
    if (node?.parent == null) return;
    wanted.current = folderId;
    go({ kind: "folder", id: node.parent });
  };
  const onWindowKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || previewed !== undefined) return;
    const typing = event.target instanceof Element && event.target.closest("input, textarea");
    const control = event.ctrlKey || event.metaKey;
    const letter = event.key.toLowerCase();
    const back = dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    const forward = dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (event.altKey && event.key === back) setTrail(old => step(old, -1));
    else if (event.altKey && event.key === forward) setTrail(old => step(old, 1));
    else if (event.altKey && event.key === "ArrowUp") void up();
    else if (control && letter === "f") search.current?.focus();
    else if (control && letter === "l" && inFolder) setEditingPath(true);
    else if (typing) return;
    else if (event.key === "Backspace") void up();
    else if (event.key === "F7" && inFolder) commands.newFolder();
    else if (control && letter === "z" && !event.shiftKey) void actions.undo();
    else return;
    event.preventDefault();
  };

  const upload = (target: NodeId, files: FileList | null) => {
    if (files !== null && files.length > 0) queue.add(target, sourcesFromFiles([...files]));
  };
  const drop = useCallback(
    (what: Drop) => {
      const { nodes } = what;
      if (nodes === undefined) {
        queue.add(what.target, sourcesFromDrop(what.transfer));
        return;
      }
      os.files.stat(what.target).then(
        target =>
          void (what.copy
            ? actions.copy(nodes, target.id, nameOf(target))
            : actions.move(nodes, target.id, nameOf(target))),
        () => toast({ title: latestT.current("noSuchPath"), level: "error" }),
      );
    },
    [os, queue, actions, nameOf],
  );

  const stepPreview = async (by: 1 | -1) => {
    const from = previewed === undefined ? undefined : listing.indexOf(previewed.node.id);
    if (from === undefined) return;
    for (let index = from + by; index >= 0 && index < total; index += by) {
      const node = listing.at(index) ?? (await listing.range(index, index + 1).catch(() => []))[0];
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
  const cut = clip?.mode === "cut" ? new Set(clip.ids) : NO_CUT;
  const busy = transfers.uploads.length > 0 || transfers.works.length > 0 || transfers.interrupted.length > 0;
  const showDetails = preferences.details && !narrow && place.kind !== "trash";
  const about = single ?? (count === 0 && inFolder ? here : undefined);
  const size = selection.all ? undefined : [...selection.nodes.values()].reduce((sum, node) => sum + node.size, 0);

  return (
    <Context.Provider value={context}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of the window as a whole */}
      <div
        ref={frame}
        className={cx("fx", narrow && "fx-narrow", width >= WIDE && "fx-wide", touch && "fx-touch")}
        onKeyDown={onWindowKey}
        onFocus={event => {
          focusInside.current = main.current?.contains(event.target) === true;
        }}
      >
        <Bar
          trail={trail}
          onTrail={setTrail}
          onUp={() => void up()}
          place={place}
          root={folderId === undefined || folderId === root.id}
          preferences={preferences}
          onPreferences={prefer}
          commands={commands}
          count={count}
          narrow={narrow}
          searchInput={search}
          editingPath={editingPath}
          onEditingPath={setEditingPath}
          onSide={() => setSideOpen(!sideOpen)}
          sideOpen={sideOpen}
        />
        <div className="fx-middle">
          {(!narrow || sideOpen) && <Sidebar place={place} onGo={go} />}
          <section ref={main} className="fx-main" aria-label={title}>
            <Main
              listing={listing}
              place={place}
              here={here}
              commands={commands}
              items={{
                listing,
                layout: preferences.layout,
                label: inFolder ? t("contentOf", { name: title }) : title,
                touch,
                selection,
                onSelection: setSelection,
                cursor,
                onCursor: setCursor,
                onSort: sort => prefer({ sort }),
                onOpen: node => (place.kind === "trash" ? setSelection(selecting.only([node])) : open(node)),
                onPreview: node => node.kind === "file" && place.kind !== "trash" && setPreviewed({ node }),
                onKey,
                menuFor: (about, node) =>
                  node === undefined
                    ? placeEntries(t, place, commands, clip)
                    : selectionEntries(
                        t,
                        place,
                        selecting.count(about, total) === 1 ? node : undefined,
                        commands,
                        clip,
                      ),
                cut,
                renaming,
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
          {showDetails && (
            <aside className="fx-aside">
              {about === undefined ? (
                <DetailsOfMany count={count} size={size} onDownload={commands.download} />
              ) : (
                <Details
                  node={about}
                  onPreview={(node, version) => setPreviewed(version === undefined ? { node } : { node, version })}
                />
              )}
            </aside>
          )}
        </div>
        {busy && (
          <Transfers
            uploads={transfers.uploads}
            works={transfers.works}
            interrupted={transfers.interrupted}
            onInterruptedGone={transfers.forgetInterrupted}
            onClose={transfers.clear}
          />
        )}
        {previewed !== undefined && (
          <Preview
            shown={previewed}
            onStep={by => void stepPreview(by)}
            onSaved={node => setPreviewed({ node })}
            onClose={closePreview}
          />
        )}
        <input
          ref={filesInput}
          type="file"
          multiple
          hidden
          aria-label={t("uploadFiles")}
          onChange={event => {
            upload(here.id, event.target.files);
            event.target.value = "";
          }}
        />
        <input
          ref={folderInput}
          type="file"
          hidden
          aria-label={t("uploadFolder")}
          {...{ webkitdirectory: "" }}
          onChange={event => {
            upload(here.id, event.target.files);
            event.target.value = "";
          }}
        />
        {conflict !== undefined && <ConflictDialog conflict={conflict} />}
        {asking?.kind === "time" && <RestoreDialog folder={asking.folder} onClose={() => setAsking(undefined)} />}
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
            onClose={() => setAsking(undefined)}
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
              if (!isOpen) setAsking(undefined);
            }}
            onAction={async () => {
              if (asking.kind === "empty") await actions.emptyTrash();
              else await actions.purge(asking.nodes);
              setSelection(selecting.NOTHING);
            }}
          >
            {t("purgeText")}
          </AlertDialog>
        )}
        <div className="fx-drop-hint" aria-hidden="true">
          <Upload size={20} />
          {t("dropHint", { name: nameOf(here) })}
        </div>
      </div>
    </Context.Provider>
  );
}
