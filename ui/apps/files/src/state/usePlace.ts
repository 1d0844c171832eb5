import { type FileClip, type Node, type Os, ROOT } from "@webx/sdk";
import { useEffect, useState } from "react";
import type { Place } from "../model/place";

/** The folder a place is about; the drive's own for those that are no folder. */
export function useHere(os: Os, root: Node, place: Place, revision: number): Node {
  const [here, setHere] = useState(root);
  const id = place.kind === "folder" || place.kind === "past" ? place.id : root.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `revision` asks again
  useEffect(() => {
    let gone = false;
    os.files.stat(id).then(
      node => {
        if (!gone) setHere(node);
      },
      () => {},
    );
    return () => {
      gone = true;
    };
  }, [os, id, revision]);
  if (here.id === id) return here;
  return id === root.id || id === ROOT ? root : { ...root, id, name: "" };
}

/** What was cut or copied in any window. */
export function useFileClip(os: Os): [FileClip | null, (clip: FileClip | null) => void] {
  const [clip, setClip] = useState<FileClip | null>(null);
  useEffect(() => {
    os.clipboard.readFiles().then(setClip, () => {});
    return os.clipboard.onChange(setClip);
  }, [os]);
  const write = (next: FileClip | null) => {
    setClip(next);
    void os.clipboard.writeFiles(next).catch(() => {});
  };
  return [clip, write];
}
