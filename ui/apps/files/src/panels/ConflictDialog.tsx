import { Button, Dialog } from "@webx/ui";
import type { Decision } from "../model/actions";
import { useT } from "../strings";

const SHOWN = 8;

export interface Conflict {
  names: string[];
  target: string;
  /** Only a file can become a new version of another one. */
  files: boolean;
  answer: (decision: Decision | null) => void;
}

/** Names that are taken where something is moved to: one question for all of them. */
export function ConflictDialog({ conflict }: { conflict: Conflict }) {
  const t = useT();
  const { names, target, files, answer } = conflict;
  return (
    <Dialog
      isOpen
      size="sm"
      title={t("conflictTitle", { count: names.length })}
      onOpenChange={open => {
        if (!open) answer(null);
      }}
      footer={
        <>
          <Button onPress={() => answer("skip")}>{t("skip")}</Button>
          {files && <Button onPress={() => answer("newVersion")}>{t("newVersion")}</Button>}
          <Button variant="primary" onPress={() => answer("keepBoth")}>
            {t("keepBoth")}
          </Button>
        </>
      }
    >
      <p>{t("conflictIn", { target })}</p>
      <ul className="fx-names">
        {names.slice(0, SHOWN).map(name => (
          <li key={name} dir="auto">
            {name}
          </li>
        ))}
        {names.length > SHOWN && <li>{t("andMore", { count: names.length - SHOWN })}</li>}
      </ul>
      {files && <p className="fx-hint">{t("newVersionHint")}</p>}
    </Dialog>
  );
}
