import { toProblem, useIdentity, useOs } from "@webx/sdk";
import { Button, chosenPassphrase, Dialog, NewPassphrase, NO_PASSPHRASE, Notice, PasswordField, toast } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { useT } from "./strings";

/** Another passphrase. The old one has to be shown; what was typed goes with the dialog. */
export function ChangePassphrase({ onClose }: { onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const { data: person } = useIdentity();
  const [current, setCurrent] = useState("");
  const [value, setValue] = useState(NO_PASSPHRASE);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ current?: string; other?: string }>({});
  const next = chosenPassphrase(value);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (busy || next === undefined || current === "") return;
    setBusy(true);
    setRefused({});
    try {
      await os.security.changePassphrase(current, next);
      toast({ level: "success", title: t("passphraseChanged") });
      onClose();
    } catch (reason) {
      const problem = toProblem(reason);
      if (problem.code === "wrong-passphrase") setRefused({ current: t("currentWrong") });
      else if (problem.code === "too-soon")
        setRefused({ current: t("tooSoon", { seconds: problem.retryAfterSeconds ?? 1 }) });
      else setRefused({ other: problem.message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("changePassphrase")} isOpen onOpenChange={open => !open && onClose()} isDismissable={false}>
      <form className="set-form" onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value="WEB X. OS" readOnly hidden />
        <PasswordField
          label={t("currentPassphrase")}
          name="current-password"
          autoComplete="current-password"
          autoFocus
          value={current}
          onChange={setCurrent}
          error={refused.current ?? (tried && current === "" ? t("currentMissing") : undefined)}
        />
        <NewPassphrase value={value} onChange={setValue} tried={tried} known={person ? [person.displayName] : []} />
        {refused.other && <Notice level="error">{refused.other}</Notice>}
        <div className="set-actions">
          <Button onPress={onClose}>{t("cancel")}</Button>
          <Button type="submit" variant="primary" isPending={busy}>
            {t("save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
