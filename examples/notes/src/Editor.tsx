import { toProblem, useOs } from "@webx/sdk";
import { Icon, IconButton, type IconType, Menu, Segmented, toast, useLocale } from "@webx/ui";
import { useEffect, useRef, useState } from "react";
import { Markdown, toggled } from "./markdown";
import { countWords, fileName, type Note } from "./note";
import { useT } from "./strings";

const SaveIcon: IconType = props => <Icon name="download" {...props} />;
const SAVE_PERMISSION = "storage:pick:write";

export interface EditorProps {
  note: Note;
  saving: boolean;
  onText: (text: string) => void;
  onPin: () => void;
  onDelete: () => void;
  onBack: () => void;
}

export function Editor({ note, saving, onText, onPin, onDelete, onBack }: EditorProps) {
  const t = useT();
  const { format } = useLocale();
  const os = useOs();
  const [view, setView] = useState<"edit" | "read">(note.text === "" ? "edit" : "read");
  const field = useRef<HTMLTextAreaElement>(null);
  const empty = note.text === "";
  useEffect(() => {
    if (view === "edit" && empty) field.current?.focus();
  }, [view, empty]);

  const copy = async (address: string) => {
    await os.clipboard.writeText(address);
    toast({ title: t("copied"), body: address });
  };
  const save = async () => {
    try {
      const granted = await os.permissions.request([SAVE_PERMISSION]);
      if (!granted.includes(SAVE_PERMISSION)) return;
      const body = new Blob([note.text], { type: "text/markdown" });
      const node = await os.files.saveAs(fileName(note.text, t("untitled")), body, { type: "text/markdown" });
      if (node) toast({ level: "success", title: t("exported", { name: node.name }) });
    } catch (reason) {
      toast({ level: "error", title: t("failed"), body: toProblem(reason).message });
    }
  };

  return (
    <section className="notes-editor" aria-label={t("text")}>
      <div className="notes-tools">
        <span className="notes-back">
          <IconButton label={t("back")} onPress={onBack}>
            <Icon name="chevron-left" className="notes-flip" />
          </IconButton>
        </span>
        <Segmented
          label={t("view")}
          options={[
            { id: "read", label: t("read") },
            { id: "edit", label: t("edit") },
          ]}
          value={view}
          onChange={setView}
        />
        <span className="notes-space" />
        <IconButton label={t(note.pinned ? "unpin" : "pin")} onPress={onPin} aria-pressed={note.pinned}>
          <Icon name="pin" className={note.pinned ? "notes-on" : ""} />
        </IconButton>
        <IconButton label={t("delete")} onPress={onDelete}>
          <Icon name="trash-2" />
        </IconButton>
        <Menu
          label={t("more")}
          placement="bottom end"
          trigger={
            <IconButton label={t("more")}>
              <Icon name="ellipsis" />
            </IconButton>
          }
          items={[{ id: "save", label: t("export"), icon: SaveIcon, disabled: empty, onAction: () => void save() }]}
        />
      </div>
      {view === "edit" ? (
        <textarea
          ref={field}
          className="notes-text"
          aria-label={t("text")}
          placeholder={t("hint")}
          value={note.text}
          dir="auto"
          spellCheck
          onChange={event => onText(event.target.value)}
          onKeyDown={event => {
            if (event.key === "Enter" && !event.nativeEvent.isComposing && continueList(event.currentTarget, onText))
              event.preventDefault();
          }}
        />
      ) : (
        // biome-ignore lint/a11y/noStaticElementInteractions: a second way for the pointer; the control above is the first
        <div className="notes-read" dir="auto" onDoubleClick={() => setView("edit")}>
          <Markdown
            text={note.text}
            checkedLabel={t("checked")}
            onToggle={line => onText(toggled(note.text, line))}
            onLink={address => void copy(address)}
            linkLabel={address => t("copyAddress", { address })}
          />
        </div>
      )}
      <div className="notes-foot">
        <span>{t("count", { words: countWords(note.text) })}</span>
        <span>{saving ? t("saving") : t("saved", { when: format.relative(new Date(note.changed)) })}</span>
      </div>
    </section>
  );
}

/** Enter in a list begins the next item; on an empty item it ends the list. */
function continueList(field: HTMLTextAreaElement, onText: (text: string) => void): boolean {
  const { value, selectionStart: at, selectionEnd: end } = field;
  if (at !== end) return false;
  const from = value.lastIndexOf("\n", at - 1) + 1;
  const item = /^(\s*)([-*]|(\d+)\.)(\s+)(\[[ xX]\]\s+)?/.exec(value.slice(from, at));
  if (!item) return false;
  const mark = item[0];
  const empty = value.slice(from, at).length === mark.length;
  const number = item[3] === undefined ? item[2] : `${Number(item[3]) + 1}.`;
  const next = empty ? "" : `\n${item[1]}${number}${item[4]}${item[5] === undefined ? "" : "[ ] "}`;
  const start = empty ? from : at;
  // Through the field itself, so that the browser's undo knows of it.
  field.setRangeText(next, start, at, "end");
  onText(field.value);
  return true;
}
