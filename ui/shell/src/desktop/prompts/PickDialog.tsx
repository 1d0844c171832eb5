import { type Node, toProblem } from "@webx/sdk";
import { Button, Dialog, Notice, SearchField } from "@webx/ui";
import { useState } from "react";
import { AppTile } from "../AppTile";
import { useApp } from "../apps";
import { os } from "../os";
import { appName, useText } from "../strings";
import { accepts } from "./accept";
import type { PickQuestion } from "./ask";
import { FileBrowser } from "./FileBrowser";
import { useAskText } from "./strings";
import { useArmed } from "./useArmed";
import { ROOT, useFolder } from "./useFolder";

/** The powerbox: the person shows the app exactly what it may use. */
export function PickDialog({ question }: { question: PickQuestion }) {
  const t = useAskText();
  const desk = useText();
  const { app, options } = question;
  const view = useApp(app.install);
  const [search, setSearch] = useState("");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [failed, setFailed] = useState<string>();
  const folder = useFolder(search);
  const armed = useArmed(question.id);
  const folders = options.kind === "folder";
  const name = view ? appName(desk, view) : app.name;
  const choosable = (node: Node) =>
    folders ? node.kind === "folder" : node.kind === "file" && accepts(node, options.accept);
  const chosen = folder.items.filter(node => selected.has(node.id) && choosable(node));

  const answer = async (nodes: readonly Node[]) => {
    if (nodes.length > 0) return question.answer([...nodes]);
    // A folder with nothing chosen in it means the folder itself.
    try {
      question.answer([await os.files.stat(folder.path.at(-1)?.id ?? ROOT)]);
    } catch (reason) {
      setFailed(toProblem(reason).message);
    }
  };
  const ready = armed && (chosen.length > 0 || (folders && folder.path.length > 0));
  return (
    <Dialog
      title={folders ? t("pickFolderTitle") : t("pickTitle", { count: options.multiple ? 2 : 1 })}
      isOpen
      size="lg"
      isDismissable={false}
      onOpenChange={open => !open && question.answer([])}
      className="ask ask-files"
      footer={
        <>
          <span className="ask-footnote">
            {options.mode === "write" ? t("pickNoteWrite", { app: name }) : t("pickNoteRead", { app: name })}
          </span>
          <Button onPress={() => question.answer([])}>{t("cancel")}</Button>
          <Button variant="primary" isDisabled={!ready} onPress={() => void answer(chosen)}>
            {t("choose")}
          </Button>
        </>
      }
    >
      <div className="ask-files-head">
        {view && <AppTile app={view} size={28} />}
        <span>{t("pickFor", { app: name })}</span>
        <SearchField aria-label={t("search")} placeholder={t("search")} value={search} onChange={setSearch} autoFocus />
      </div>
      {failed && <Notice level="error">{failed}</Notice>}
      <FileBrowser
        folder={folder}
        choosable={choosable}
        selected={selected}
        onSelect={setSelected}
        multiple={options.multiple === true}
        onChoose={node => armed && void answer([node])}
      />
    </Dialog>
  );
}
