import { toast } from "@webx/ui";
import Upload from "lucide-react/icons/upload";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { FILES } from "./apps";
import { droppedFrom } from "./dropped";
import { openApp } from "./os";
import { askInstall } from "./prompts/ask";
import { useText } from "./strings";

/** An app as a file, at the top of what was dropped. */
const isPackage = (path: string): boolean => /^[^/]+\.wxa$/i.test(path);

/** Files dragged onto the desktop go into the drive, by way of the Files app. */
export function DropTarget({ children }: { children: ReactNode }) {
  const t = useText();
  const depth = useRef(0);
  const [over, setOver] = useState(false);

  const offers = (event: DragEvent) =>
    event.dataTransfer.types.includes("Files") &&
    !(event.target instanceof Element && event.target.closest(".window-content"));
  const enter = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    depth.current += 1;
    setOver(offers(event));
  };
  const leave = (event: DragEvent) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    depth.current = Math.max(0, depth.current - 1);
    if (depth.current === 0) setOver(false);
  };
  const drop = async (event: DragEvent) => {
    depth.current = 0;
    setOver(false);
    if (event.defaultPrevented || !event.dataTransfer.types.includes("Files")) return;
    // A file dropped beside a target must never replace the desktop.
    event.preventDefault();
    if (!offers(event)) return;
    try {
      const dropped = await droppedFrom(event.dataTransfer);
      const packages = dropped.flatMap(({ path, file }) => (file && isPackage(path) ? [file] : []));
      const upload = dropped.filter(({ path }) => !isPackage(path));
      // One sheet after the other; none of them needs to be waited for.
      for (const file of packages) void askInstall({ file }).catch(() => undefined);
      if (upload.length > 0) openApp(FILES, { folder: "root", upload });
    } catch {
      toast({ level: "error", title: t("dropFailed") });
    }
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; Files has upload buttons
    <div
      className="drop-area"
      onDragEnter={enter}
      onDragLeave={leave}
      onDragOver={event => {
        if (!event.defaultPrevented && event.dataTransfer.types.includes("Files")) event.preventDefault();
        const now = offers(event);
        if (now !== over) setOver(now);
      }}
      onDrop={drop}
    >
      {children}
      {over && (
        <div className="drop-hint" role="status">
          <div className="drop-card">
            <Upload size={32} aria-hidden="true" />
            <strong>{t("dropHere")}</strong>
            <span>{t("dropHelp")}</span>
          </div>
        </div>
      )}
    </div>
  );
}
