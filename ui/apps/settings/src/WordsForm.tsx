import { toProblem } from "@webx/sdk";
import { Button, Notice, TextField } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { type T, useT } from "./strings";
import { WORD_COUNT, wordsOf } from "./words";

/** Asks for the 24 words and does what they allow. The words go with this form. */
export function WordsForm({
  text,
  action,
  danger = false,
  cancel,
  onWords,
  onCancel,
}: {
  text: string;
  action: string;
  danger?: boolean;
  cancel: string;
  onWords: (words: string) => Promise<void>;
  onCancel: () => void;
}) {
  const t = useT();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string>();
  const words = wordsOf(typed);
  const complete = words.length === WORD_COUNT;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !complete) return;
    setBusy(true);
    setRefused(undefined);
    try {
      await onWords(words.join(" "));
    } catch (reason) {
      setRefused(explain(reason, t));
    }
    setBusy(false);
  };
  return (
    <form className="set-form" onSubmit={submit} autoComplete="off">
      <p>{text}</p>
      <TextField
        label={t("yourWords")}
        rows={4}
        autoFocus
        autoComplete="off"
        autoCorrect="off"
        spellCheck="false"
        value={typed}
        onChange={value => {
          setTyped(value);
          setRefused(undefined);
        }}
        description={t("wordCount", { count: words.length, of: WORD_COUNT })}
      />
      {refused && <Notice level="error">{refused}</Notice>}
      <div className="set-actions">
        <Button isDisabled={busy} onPress={onCancel}>
          {cancel}
        </Button>
        <Button
          type="submit"
          variant={danger ? "danger" : "primary"}
          isPending={busy}
          {...(complete ? {} : { disabledReason: t("wordsMissing") })}
        >
          {action}
        </Button>
      </div>
    </form>
  );
}

function explain(reason: unknown, t: T): string {
  const problem = toProblem(reason);
  switch (problem.code) {
    case "not-words":
      return t("wordsNotWords");
    case "wrong-words":
      return t("wordsWrong");
    case "unfinished":
      return t("deviceBroke");
    case "clock":
      return t("clockBehind");
    default:
      return problem.message;
  }
}
