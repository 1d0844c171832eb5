import type { FileClip, Node, NodeId } from "@webx/sdk";
import { toast } from "@webx/ui";
import type { Dispatch, RefObject, SetStateAction } from "react";
import type { FilesContext } from "./context";
import type { Asking } from "./Dialogs";
import type { Commands } from "./menus";
import type { Listing } from "./model/listing";
import type { Place } from "./model/place";
import type { Selection } from "./model/selection";
import * as selecting from "./model/selection";
import type { T } from "./strings";

/** What the commands of a window are about, and what they may change in it. */
export interface Bench extends Pick<FilesContext, "os" | "actions" | "go" | "open" | "nameOf"> {
  t: T;
  place: Place;
  here: Node;
  listing: Listing;
  selection: Selection;
  /** The selected entry when it is a single one. */
  single: Node | undefined;
  clip: FileClip | null;
  setClip: (clip: FileClip | null) => void;
  setSelection: Dispatch<SetStateAction<Selection>>;
  setAsking: (asking: Asking) => void;
  setRenaming: (id: NodeId) => void;
  preview: (node: Node) => void;
  showDetails: () => void;
  chooseFiles: () => void;
  chooseFolder: () => void;
  /** The entry to be selected once it is shown. */
  wanted: RefObject<NodeId | undefined>;
}

/** What menus, buttons and keys of a window do. */
export function commandsOf(bench: Bench): Commands {
  const { os, actions, t, go, nameOf, place, here, selection, single, clip, wanted } = bench;
  const { setAsking, setSelection, setClip } = bench;

  const withChosen = (act: (nodes: readonly Node[]) => void) => {
    const chosen = selection.all
      ? bench.listing.all().then(all => all.filter(node => !selection.except.has(node.id)))
      : Promise.resolve([...selection.nodes.values()]);
    chosen.then(
      nodes => {
        if (nodes.length > 0) act(nodes);
      },
      () => toast({ title: t("listFailed"), level: "error" }),
    );
  };
  const thenNothing = (work: Promise<void>) => void work.then(() => setSelection(selecting.NOTHING));
  const made = (node: Node | undefined) => {
    if (node === undefined) return;
    wanted.current = node.id;
    bench.setRenaming(node.id);
  };
  const clipTo = (mode: FileClip["mode"]) =>
    withChosen(nodes => {
      setClip({ mode, ids: nodes.map(node => node.id) });
      toast({ title: t(mode === "cut" ? "cutDone" : "copyDone", { count: nodes.length }) });
    });
  const paste = async () => {
    if (clip === null || place.kind !== "folder") return;
    const target = single?.kind === "folder" && !clip.ids.includes(single.id) ? single : here;
    const nodes = await actions.stillThere(clip.ids);
    if (clip.mode === "copy") return actions.copy(nodes, target.id, nameOf(target));
    setClip(null);
    return actions.move(nodes, target.id, nameOf(target));
  };

  return {
    open: () => single && bench.open(single),
    openInNewWindow: () => void (single && os.windows.open("files", { folder: single.id })),
    preview: () => single?.kind === "file" && bench.preview(single),
    download: () => withChosen(nodes => void actions.download(nodes)),
    cut: () => clipTo("cut"),
    copy: () => clipTo("copy"),
    paste: () => void paste(),
    duplicate: () => withChosen(nodes => void actions.duplicate(nodes)),
    moveTo: () => withChosen(nodes => setAsking({ kind: "pick", copy: false, nodes })),
    copyTo: () => withChosen(nodes => setAsking({ kind: "pick", copy: true, nodes })),
    rename: () => single && bench.setRenaming(single.id),
    details: bench.showDetails,
    restoreTime: () => setAsking({ kind: "time", folder: single?.kind === "folder" ? single : here }),
    trash: () => withChosen(nodes => thenNothing(actions.trash(nodes))),
    restore: () => withChosen(nodes => thenNothing(actions.restore(nodes))),
    purge: () => withChosen(nodes => setAsking({ kind: "purge", nodes })),
    emptyTrash: () => setAsking({ kind: "empty" }),
    newFolder: () => void actions.newFolder(here.id).then(made),
    newText: () => void actions.newTextFile(here.id).then(made),
    uploadFiles: bench.chooseFiles,
    uploadFolder: bench.chooseFolder,
    selectAll: () => setSelection(selecting.everything()),
    showInFolder: () => {
      if (single?.parent == null) return;
      wanted.current = single.id;
      go({ kind: "folder", id: single.parent });
    },
  };
}
