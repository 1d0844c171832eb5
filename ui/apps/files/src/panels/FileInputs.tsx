import { type Ref, useImperativeHandle, useRef } from "react";
import { useT } from "../strings";

export interface FileInputsHandle {
  chooseFiles: () => void;
  chooseFolder: () => void;
}

/** The browser's own dialogs for choosing files and a folder. */
export function FileInputs({ handle, onFiles }: { handle: Ref<FileInputsHandle>; onFiles: (files: File[]) => void }) {
  const t = useT();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useImperativeHandle(
    handle,
    () => ({ chooseFiles: () => files.current?.click(), chooseFolder: () => folder.current?.click() }),
    [],
  );
  const take = (input: HTMLInputElement) => {
    const chosen = [...(input.files ?? [])];
    // Emptied, so that the same files can be chosen again.
    input.value = "";
    if (chosen.length > 0) onFiles(chosen);
  };
  return (
    <>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label={t("uploadFiles")}
        onChange={event => take(event.currentTarget)}
      />
      <input
        ref={folder}
        type="file"
        hidden
        aria-label={t("uploadFolder")}
        onChange={event => take(event.currentTarget)}
        {...{ webkitdirectory: "" }}
      />
    </>
  );
}
