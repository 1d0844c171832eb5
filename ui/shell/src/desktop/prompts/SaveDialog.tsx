import { isProblem, type OnConflict, toProblem } from "@webx/sdk";
import { Button, Dialog, Notice, SearchField, TextField } from "@webx/ui";
import FolderPlus from "lucide-react/icons/folder-plus";
import { useState } from "react";
import { AppTile } from "../AppTile";
import { useApp } from "../apps";
import { os } from "../os";
import { appName, useText } from "../strings";
import type { SaveQuestion } from "./ask";
import { FileBrowser } from "./FileBrowser";
import { useAskText } from "./strings";
import { useArmed } from "./useArmed";
import { ROOT, useFolder } from "./useFolder";

/** Where something that an app made goes: the person says, the desktop writes. */
export function SaveDialog({ question }: { question: SaveQuestion }) {
  const t = useAskText();
  const desk = useText();
  const view = useApp(question.app.install);
  const [search, setSearch] = useState("");
  const [name, setName] = useState(question.name);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [taken, setTaken] = useState(false);
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const folder = useFolder(search);
  const armed = useArmed(question.id);
  const here = folder.path.at(-1)?.id ?? ROOT;
  const appTitle = view ? appName(desk, view) : question.app.name;

  const work = async (what: () => Promise<void>) => {
    setBusy(true);
    setFailed(undefined);
    try {
      await what();
    } catch (reason) {
      if (isProblem(reason, "exists")) setTaken(true);
      else setFailed(toProblem(reason).message);
    } finally {
      setBusy(false);
    }
  };
  const save = (onConflict: OnConflict) =>
    work(async () => question.answer(await os.files.write(here, name.trim(), question.body, { onConflict })));
  const newFolder = () =>
    work(async () => {
      const made = await os.files.createFolder(here, t("newFolderName"), "keepBoth");
      folder.go({ id: made.id, name: made.name });
    });

  return (
    <Dialog
      title={t("saveTitle")}
      isOpen
      size="lg"
      isDismissable={false}
      onOpenChange={open => !open && question.answer(null)}
      className="ask ask-files"
      footer={
        <>
          <Button icon={<FolderPlus />} isDisabled={busy} onPress={() => void newFolder()}>
            {t("newFolder")}
          </Button>
          <span className="ask-footnote" />
          <Button onPress={() => question.answer(null)}>{t("cancel")}</Button>
          <Button
            variant="primary"
            isPending={busy}
            isDisabled={!armed || name.trim() === "" || taken}
            onPress={() => void save("fail")}
          >
            {t("save")}
          </Button>
        </>
      }
    >
      <div className="ask-files-head">
        {view && <AppTile app={view} size={28} />}
        <span>{t("saveFor", { app: appTitle })}</span>
        <SearchField aria-label={t("search")} placeholder={t("search")} value={search} onChange={setSearch} />
      </div>
      <TextField
        label={t("fileName")}
        value={name}
        onChange={value => {
          setName(value);
          setTaken(false);
        }}
        autoFocus
      />
      {failed && <Notice level="error">{failed}</Notice>}
      {taken && (
        <Notice level="warning">
          {t("nameTaken", { name: name.trim() })}
          <span className="ask-choices">
            <Button size="sm" onPress={() => void save("newVersion")}>
              {t("asNewVersion")}
            </Button>
            <Button size="sm" onPress={() => void save("keepBoth")}>
              {t("keepBoth")}
            </Button>
          </span>
        </Notice>
      )}
      <FileBrowser
        folder={folder}
        choosable={() => true}
        selected={selected}
        onSelect={ids => {
          setSelected(ids);
          const file = folder.items.find(node => ids.has(node.id) && node.kind === "file");
          if (file) setName(file.name);
        }}
        multiple={false}
        onChoose={node => setName(node.name)}
      />
    </Dialog>
  );
}
