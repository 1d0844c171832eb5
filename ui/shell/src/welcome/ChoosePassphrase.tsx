import { Button, chosenPassphrase, NewPassphrase, NO_PASSPHRASE, Notice } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { explain } from "./explain";
import { Card } from "./Frame";
import type { StepProps } from "./steps";
import { useT } from "./strings";

/** The passphrase of the new vault. Making the vault takes about a second, because guessing shall be slow. */
export function ChoosePassphrase({
  step,
  known,
  busyLabel,
  onBack,
  onChosen,
}: Partial<StepProps> & {
  known: readonly string[];
  /** What takes so long. */
  busyLabel?: string;
  onChosen: (passphrase: string) => Promise<void>;
}) {
  const t = useT();
  const [value, setValue] = useState(NO_PASSPHRASE);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const chosen = chosenPassphrase(value);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (busy || chosen === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await onChosen(chosen);
    } catch (reason) {
      setError(explain(reason, t));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card {...(step ? { step } : {})} title={t("passphraseTitle")}>
      <p className="welcome-text">{t("passphraseText")}</p>
      <form className="welcome-form" onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value="WEB X. OS" readOnly hidden />
        <NewPassphrase value={value} onChange={setValue} known={known} tried={tried} autoFocus size="lg" />
        {error && <Notice level="error">{error}</Notice>}
        <div className="welcome-actions">
          <Button size="lg" isDisabled={busy} {...(onBack ? { onPress: onBack } : {})}>
            {t("back")}
          </Button>
          <Button type="submit" variant="primary" size="lg" isPending={busy}>
            {busy ? (busyLabel ?? t("creating")) : t("continue")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
