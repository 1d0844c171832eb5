import type { Node, NodeId, Os, UploadQueue } from "@webx/sdk";
import { createContext, useContext } from "react";
import type { Actions } from "./model/actions";
import type { Place } from "./model/place";

/** What every part of the window may need. */
export interface FilesContext {
  os: Os;
  root: Node;
  actions: Actions;
  uploads: UploadQueue;
  go: (place: Place) => void;
  /** Opens a folder, previews a file. */
  open: (node: Node) => void;
  /** A folder's name as it is called on the screen. */
  nameOf: (node: Pick<Node, "id" | "name">) => string;
  /** Grows whenever something in the drive changed; part of a load key. */
  revision: number;
  drop: (drop: Drop) => void;
}

/** Things let go over a folder. */
export interface Drop {
  target: NodeId;
  /** Nodes of the drive; undefined when files come from the operating system. */
  nodes?: readonly Node[];
  copy?: boolean;
  transfer: DataTransfer;
}

export const Context = createContext<FilesContext | null>(null);

export function useFiles(): FilesContext {
  const files = useContext(Context);
  if (files === null) throw new Error("useFiles outside of the Files window");
  return files;
}
