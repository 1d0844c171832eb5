import { isProblem } from "@webx/sdk";
import { Button, Checkbox, Notice, SkeletonList, TextField } from "@webx/ui";
import Check from "lucide-react/icons/check";
import Copy from "lucide-react/icons/copy";
import Eye from "lucide-react/icons/eye";
import Printer from "lucide-react/icons/printer";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import { type FormEvent, useEffect, useEffectEvent, useState } from "react";
import { confirmRecovery, recoveryChallenge } from "../session/enter";
import { explain } from "./explain";
import { Card } from "./Frame";
import type { StepProps } from "./steps";
import { useT } from "./strings";
import { wrongAnswers } from "./words";

/** The 24 words, this once. */
export function ShowWords({ step, words, onNext }: StepProps & { words: readonly string[]; onNext: () => void }) {
  const t = useT();
  const [shown, setShown] = useState(false);
  const [written, setWritten] = useState(false);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(words.map((word, index) => `${index + 1}. ${word}`).join("\n"));
    setCopied(true);
  };
  return (
    <Card step={step} title={t("wordsTitle")} wide>
      <p className="welcome-text">{t("wordsText")}</p>
      <div className="welcome-words-box">
        <ol className={shown ? "welcome-words" : "welcome-words welcome-words-hidden"} dir="ltr" aria-hidden={!shown}>
          {words.map((word, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is what identifies a word; words may repeat
            <li key={index}>
              <span className="welcome-word-place">{index + 1}</span>
              <span className="welcome-word">{shown ? word : "••••••"}</span>
            </li>
          ))}
        </ol>
        {!shown && (
          <Button
            variant="primary"
            size="lg"
            className="welcome-reveal"
            icon={<Eye />}
            autoFocus
            onPress={() => setShown(true)}
          >
            {t("wordsShow")}
          </Button>
        )}
      </div>
      <div className="welcome-word-tools">
        <Button size="sm" icon={<Printer />} isDisabled={!shown} onPress={() => window.print()}>
          {t("print")}
        </Button>
        <Button size="sm" icon={copied ? <Check /> : <Copy />} isDisabled={!shown} onPress={copy}>
          {t(copied ? "copied" : "copy")}
        </Button>
      </div>
      <Notice level="warning" icon={<TriangleAlert />}>
        {t(copied ? "copyWarning" : "wordsWarning")}
      </Notice>
      <Checkbox isSelected={written} onChange={setWritten} isDisabled={!shown}>
        {t("wordsWritten")}
      </Checkbox>
      <Button variant="primary" size="lg" isDisabled={!written} onPress={onNext}>
        {t("continue")}
      </Button>
    </Card>
  );
}

/** Asks for three of the words: a paper that was never written cannot open anything. */
export function ConfirmWords({
  step,
  words,
  onBack,
  onConfirmed,
}: StepProps & { words: readonly string[]; onConfirmed: () => void }) {
  const t = useT();
  const [places, setPlaces] = useState<number[]>();
  const [typed, setTyped] = useState<Readonly<Record<number, string>>>({});
  const [wrong, setWrong] = useState<readonly number[]>([]);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  const refused = useEffectEvent((reason: unknown) => {
    // Another tab may have confirmed them already.
    if (isProblem(reason, "words-gone")) onConfirmed();
    else setError(explain(reason, t));
  });
  useEffect(() => {
    let gone = false;
    recoveryChallenge().then(
      asked => !gone && setPlaces(asked),
      (reason: unknown) => !gone && refused(reason),
    );
    return () => {
      gone = true;
    };
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !places) return;
    const answers = places.map(index => ({ index, word: (typed[index] ?? "").trim().toLowerCase() }));
    const mistakes = wrongAnswers(words, answers);
    setWrong(mistakes);
    setError(undefined);
    if (mistakes.length > 0) return;
    setBusy(true);
    try {
      await confirmRecovery(answers);
      setTyped({});
      onConfirmed();
    } catch (reason) {
      setError(explain(reason, t));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Card step={step} title={t("confirmTitle")}>
      <p className="welcome-text">{t("confirmText")}</p>
      <form className="welcome-form" onSubmit={submit} autoComplete="off">
        {!places && !error && <SkeletonList rows={3} height={64} />}
        {places?.map((index, order) => (
          <TextField
            key={index}
            label={t("wordNumber", { number: index + 1 })}
            size="lg"
            autoFocus={order === 0}
            autoComplete="off"
            autoCorrect="off"
            autoCapitalize="none"
            spellCheck="false"
            value={typed[index] ?? ""}
            onChange={word => {
              setTyped({ ...typed, [index]: word });
              setWrong(wrong.filter(each => each !== index));
            }}
            error={wrong.includes(index) ? t("wordWrong", { number: index + 1 }) : undefined}
          />
        ))}
        {error && <Notice level="error">{error}</Notice>}
        <div className="welcome-actions">
          <Button size="lg" {...(onBack ? { onPress: onBack } : {})}>
            {t("showAgain")}
          </Button>
          <Button type="submit" variant="primary" size="lg" isPending={busy} isDisabled={!places}>
            {t("confirm")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
