import { Button, Dialog, RadioGroup, useLocale } from "@webx/ui";
import { useState } from "react";
import { AppTile } from "../AppTile";
import { useApp } from "../apps";
import type { RemoveQuestion } from "./ask";
import { Origin } from "./Origin";
import { useAskText } from "./strings";

/** What becomes of the data of an app that goes. */
export function RemoveDialog({ question }: { question: RemoveQuestion }) {
  const t = useAskText();
  const { format } = useLocale();
  const { app } = question;
  const view = useApp(app.install);
  const [data, setData] = useState<"keep" | "delete">("keep");
  return (
    <Dialog
      title={t("removeTitle", { app: app.name })}
      isOpen
      onOpenChange={open => !open && question.answer(null)}
      className="ask"
      footer={
        <>
          <Button onPress={() => question.answer(null)}>{t("cancel")}</Button>
          <Button variant="danger" onPress={() => question.answer(data)}>
            {t("remove")}
          </Button>
        </>
      }
    >
      <Origin name={app.name} publisher={app.publisher} icon={view && <AppTile app={view} size={44} />}>
        <span>{t("removeSize", { size: app.size })}</span>
      </Origin>
      <RadioGroup
        label={t("removeData", { size: app.dataSize })}
        value={data}
        onChange={setData}
        cards
        options={[
          { id: "keep", label: t("keepData"), description: t("keepDataAbout") },
          {
            id: "delete",
            label: t("deleteData"),
            description: t("deleteDataAbout", { size: format.bytes(app.dataSize) }),
          },
        ]}
      />
      <p className="ask-note">{t("removeNote")}</p>
    </Dialog>
  );
}
