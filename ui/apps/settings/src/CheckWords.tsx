import { toProblem, useOs } from "@webx/sdk";
import { Button, Dialog, Notice, TextField } from "@webx/ui";
import { type FormEvent, useState } from "react";
import { useT } from "./strings";
import { WORD_COUNT, wordsOf } from "./words";

/** Proves that the paper is right without opening anything. The words go with this dialog. */
export function CheckWords({ onClose, onMatch }: { onClose: () => void; onMatch: () => void }) {
  const t = useT();
  const os = useOs();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<{ level: "success" | "error"; text: string }>();
  const words = wordsOf(text);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || words.length !== WORD_COUNT) return;
    setBusy(true);
    setResult(undefined);
    try {
      const { matches } = await os.security.checkRecovery(words.join(" "));
      setText("");
      setResult(matches ? { level: "success", text: t("wordsMatch") } : { level: "error", text: t("wordsDiffer") });
      if (matches) onMatch();
    } catch (reason) {
      const problem = toProblem(reason);
      const wait = problem.retryAfterSeconds;
      setResult({
        level: "error",
        text:
          problem.code === "not-words"
            ? t("wordsNotWords")
            : problem.code === "too-soon" && wait
              ? t("tooSoon", { seconds: wait })
              : problem.message,
      });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t("checkWords")} isOpen onOpenChange={open => !open && onClose()} isDismissable={false}>
      <form className="set-form" onSubmit={submit} autoComplete="off">
        <p>{t("checkWordsText")}</p>
        <TextField
          label={t("yourWords")}
          rows={5}
          autoFocus
          autoComplete="off"
          autoCorrect="off"
          spellCheck="false"
          value={text}
          onChange={setText}
          description={t("wordCount", { count: words.length, of: WORD_COUNT })}
        />
        {result && <Notice level={result.level}>{result.text}</Notice>}
        <div className="set-actions">
          <Button onPress={onClose}>{t("close")}</Button>
          <Button type="submit" variant="primary" isPending={busy} isDisabled={words.length !== WORD_COUNT}>
            {t("check")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
