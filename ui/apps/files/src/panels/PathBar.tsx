import { type Node, useLoad } from "@webx/sdk";
import { cx, IconButton, Menu } from "@webx/ui";
import ChevronRight from "lucide-react/icons/chevron-right";
import Ellipsis from "lucide-react/icons/ellipsis";
import HardDrive from "lucide-react/icons/hard-drive";
import History from "lucide-react/icons/history";
import Search from "lucide-react/icons/search";
import Trash2 from "lucide-react/icons/trash-2";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useFiles } from "../context";
import type { Place } from "../model/place";
import { useT } from "../strings";
import { useDropTarget } from "../views/drag";

const SHOWN = 4;

/** Where the window is: each folder above is a button, and the whole can be typed. */
export function PathBar({
  place,
  editing,
  onEditing,
}: {
  place: Place;
  editing: boolean;
  onEditing: (editing: boolean) => void;
}) {
  const t = useT();
  const { os, root, go, revision } = useFiles();
  const id = place.kind === "folder" || place.kind === "past" ? place.id : undefined;
  const path = useLoad(
    `path ${id}`,
    async () => {
      if (id === undefined || id === root.id) return { path: "/", crumbs: [] };
      const [here, above] = await Promise.all([os.files.stat(id), os.files.path(id)]);
      const crumbs = above.ancestors.filter(one => one.id !== root.id && one.id !== "root" && one.id !== id);
      return { path: above.path, crumbs: [...crumbs, { id, name: here.name }] };
    },
    revision,
  );

  if (editing && id !== undefined) return <PathField path={path.data?.path ?? "/"} onDone={() => onEditing(false)} />;

  if (place.kind === "trash" || place.kind === "search")
    return (
      <div className="fx-path">
        <span className="fx-crumb fx-crumb-here">
          {place.kind === "trash" ? <Trash2 size={16} aria-hidden="true" /> : <Search size={16} aria-hidden="true" />}
          {place.kind === "trash" ? t("trash") : t("searchFor", { query: place.query })}
        </span>
      </div>
    );

  const crumbs = path.data?.crumbs ?? [];
  const hidden = crumbs.slice(0, Math.max(0, crumbs.length - SHOWN));
  const shown = crumbs.slice(hidden.length);
  const visit = (target: string) => go({ kind: "folder", id: target });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a short cut; the key for it is Ctrl+L
    // biome-ignore lint/a11y/useKeyWithClickEvents: a short cut; the key for it is Ctrl+L
    <div
      className="fx-path"
      onClick={event => {
        if (event.target === event.currentTarget) onEditing(true);
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: every window has its path; as landmarks they could not be told apart */}
      <div role="group" aria-label={t("path")}>
        <ol className="fx-crumbs">
          <li>
            <Crumb id={root.id} here={crumbs.length === 0} onPress={() => visit(root.id)}>
              <HardDrive size={16} aria-hidden="true" />
              <span>{t("drive")}</span>
            </Crumb>
          </li>
          {hidden.length > 0 && (
            <li>
              <ChevronRight className="fx-crumb-arrow" size={14} aria-hidden="true" />
              <Menu
                label={t("foldersBetween")}
                trigger={
                  <IconButton size="sm" label={t("foldersBetween")}>
                    <Ellipsis />
                  </IconButton>
                }
                items={hidden.map(one => ({ id: one.id, label: one.name, onAction: () => visit(one.id) }))}
              />
            </li>
          )}
          {shown.map((one, index) => (
            <li key={one.id}>
              <ChevronRight className="fx-crumb-arrow" size={14} aria-hidden="true" />
              <Crumb id={one.id} here={index === shown.length - 1} onPress={() => visit(one.id)}>
                <span dir="auto">{one.name}</span>
              </Crumb>
            </li>
          ))}
        </ol>
      </div>
      {place.kind === "past" && (
        <span className="fx-crumb-past">
          <History size={14} aria-hidden="true" />
          {t("asItWas", { at: new Date(place.at) })}
        </span>
      )}
    </div>
  );
}

function Crumb({
  id,
  here,
  onPress,
  children,
}: {
  id: string;
  here: boolean;
  onPress: () => void;
  children: React.ReactNode;
}) {
  const drop = useDropTarget(() => id);
  return (
    <button
      type="button"
      className={cx("fx-crumb", here && "fx-crumb-here", drop.over !== undefined && "fx-over")}
      aria-current={here ? "location" : undefined}
      onClick={onPress}
      {...drop.handlers}
    >
      {children}
    </button>
  );
}

function PathField({ path, onDone }: { path: string; onDone: () => void }) {
  const t = useT();
  const { os, root, go, open } = useFiles();
  const input = useRef<HTMLInputElement>(null);
  const [value, setValue] = useState(path);
  const [wrong, setWrong] = useState(false);
  const wrongId = useId();

  useEffect(() => input.current?.select(), []);

  const follow = async () => {
    try {
      const text = value.trim();
      const node: Node =
        text === "" || text === "/" ? root : await os.files.resolve(text.startsWith("/") ? text : `/${text}`);
      if (node.kind === "folder") go({ kind: "folder", id: node.id });
      else {
        if (node.parent != null) go({ kind: "folder", id: node.parent });
        open(node);
      }
      onDone();
    } catch {
      setWrong(true);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Enter") void follow();
    if (event.key === "Escape") onDone();
  };
  return (
    <div className={cx("fx-path", "fx-path-edit", wrong && "fx-path-wrong")}>
      <input
        ref={input}
        value={value}
        dir="ltr"
        aria-label={t("path")}
        aria-invalid={wrong}
        aria-describedby={wrong ? wrongId : undefined}
        spellCheck={false}
        autoComplete="off"
        // biome-ignore lint/a11y/noAutofocus: the person just asked to type here
        autoFocus
        onChange={event => {
          setValue(event.target.value);
          setWrong(false);
        }}
        onKeyDown={onKeyDown}
        onBlur={onDone}
      />
      {wrong && (
        <span id={wrongId} className="fx-path-fault" role="alert">
          {t("noSuchPath")}
        </span>
      )}
    </div>
  );
}
