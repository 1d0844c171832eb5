import { Button, Dialog } from "@webx/ui";
import { useState } from "react";
import { AppTile } from "../AppTile";
import { useApp } from "../apps";
import { appName, useText } from "../strings";
import type { PermissionQuestion } from "./ask";
import { Origin } from "./Origin";
import { PermissionList } from "./PermissionList";
import { useAskText } from "./strings";
import { useArmed } from "./useArmed";

/** An app asks for something that its manifest names as optional. */
export function PermissionPrompt({ question }: { question: PermissionQuestion }) {
  const t = useAskText();
  const desk = useText();
  const view = useApp(question.app.install);
  const armed = useArmed(question.id);
  const wanted = question.app.permissions.filter(each => question.keys.includes(each.key));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(question.keys));
  const name = view ? appName(desk, view) : question.app.name;
  return (
    <Dialog
      title={t("permissionTitle", { app: name })}
      isOpen
      isDismissable={false}
      onOpenChange={open => !open && question.answer([])}
      className="ask"
      footer={
        <>
          <Button onPress={() => question.answer([])}>{t("refuse")}</Button>
          <Button
            variant="primary"
            isDisabled={!armed || chosen.size === 0}
            onPress={() => question.answer([...chosen])}
          >
            {t("allow")}
          </Button>
        </>
      }
    >
      <Origin
        name={name}
        publisher={question.app.publisher}
        system={question.app.system}
        icon={view && <AppTile app={view} size={44} />}
      />
      <PermissionList label={t("wanted")} permissions={wanted} chosen={chosen} onChange={setChosen} />
      <p className="ask-note">{t("permissionNote")}</p>
    </Dialog>
  );
}
