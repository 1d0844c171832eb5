import { Button, Dialog } from "@webx/ui";
import { AppTile } from "../AppTile";
import { useApp } from "../apps";
import { appName, useText } from "../strings";
import type { CloseQuestion } from "./ask";
import { Origin } from "./Origin";
import { useAskText } from "./strings";

/** An app says that something ends with its window. The reason is its own word and stands as a quotation. */
export function CloseDialog({ question }: { question: CloseQuestion }) {
  const t = useAskText();
  const desk = useText();
  const { app, reason } = question;
  const view = useApp(app.install);
  const name = view ? appName(desk, view) : app.name;
  return (
    <Dialog
      title={t("closeTitle", { app: name })}
      isOpen
      onOpenChange={open => !open && question.answer(false)}
      className="ask"
      footer={
        <>
          <Button autoFocus onPress={() => question.answer(false)}>
            {t("keepOpen")}
          </Button>
          <Button variant="danger" onPress={() => question.answer(true)}>
            {t("closeAnyway")}
          </Button>
        </>
      }
    >
      <Origin
        name={name}
        publisher={app.publisher}
        system={app.system}
        icon={view && <AppTile app={view} size={44} />}
      />
      <p>
        <q dir="auto">{reason}</q>
      </p>
      <p>{t("closeNote")}</p>
    </Dialog>
  );
}
