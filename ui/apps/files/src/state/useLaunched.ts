import {
  type Node,
  type NodeId,
  type Os,
  sourcesFromFiles,
  type UploadQueue,
  type UploadSource,
  useLaunch,
} from "@webx/sdk";
import { type RefObject, useEffect } from "react";
import type { FilesContext } from "../context";

/** What the window can be opened with. */
export interface LaunchArgs {
  folder?: NodeId;
  select?: NodeId;
  preview?: NodeId;
  path?: string;
  trash?: boolean;
  /** Dropped elsewhere: put into the folder, or into the one that is open. Entries without a file are folders. */
  upload?: { path: string; file?: File }[];
}

function sourceOf({ path, file }: { path: string; file?: File }): UploadSource {
  const [source] = file === undefined ? [] : sourcesFromFiles([file]);
  if (source === undefined) return { path: path.endsWith("/") ? path : `${path}/`, body: new Blob([]) };
  return { ...source, path };
}

/** Does what the window was opened for, and again when it is asked again. */
export function useLaunched(
  os: Os,
  root: Node,
  uploads: UploadQueue,
  here: Node,
  go: FilesContext["go"],
  /** Set to the entry to be selected once it is shown. */
  wanted: RefObject<NodeId | undefined>,
  onPreview: (node: Node) => void,
  onMissing: () => void,
): void {
  const launch = useLaunch();
  // biome-ignore lint/correctness/useExhaustiveDependencies: done once for each launch
  useEffect(() => {
    const args = launch.args as LaunchArgs | null | undefined;
    if (args == null) return;
    const folder = args.folder === "root" ? root.id : args.folder;
    const follow = async () => {
      if (args.trash) go({ kind: "trash" });
      if (args.upload !== undefined && args.upload.length > 0)
        uploads.add(folder ?? here.id, args.upload.map(sourceOf));
      if (folder !== undefined) go({ kind: "folder", id: folder });
      const aim = args.preview ?? args.select;
      if (args.path === undefined && aim === undefined) return;
      const node = args.path === undefined ? await os.files.stat(aim ?? root.id) : await os.files.resolve(args.path);
      if (node.kind === "folder" && args.select === undefined) return go({ kind: "folder", id: node.id });
      wanted.current = node.id;
      if (node.parent != null) go({ kind: "folder", id: node.parent });
      if (args.preview !== undefined || (args.path !== undefined && node.kind === "file")) onPreview(node);
    };
    follow().catch(onMissing);
  }, [launch]);
}
