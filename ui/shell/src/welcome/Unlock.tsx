import { toProblem } from "@webx/sdk";
import {
  Button,
  chosenPassphrase,
  NewPassphrase,
  NO_PASSPHRASE,
  Notice,
  PasswordField,
  TextField,
  useLocale,
} from "@webx/ui";
import KeyRound from "lucide-react/icons/key-round";
import Lock from "lucide-react/icons/lock";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import { type FormEvent, useState } from "react";
import { openDesktop, resetPassphrase, signIn } from "../session/enter";
import { usePhase } from "../session/phase";
import { useSecondsUntil } from "./countdown";
import { explain } from "./explain";
import { Card } from "./Frame";
import { useT } from "./strings";
import { splitWords, WORD_COUNT } from "./words";

/** A refused try: what to say, and until when the node looks at no other. */
interface Refusal {
  text: string;
  until: number;
}

/** Runs one try at a time and keeps what was wrong with the last. */
function useTry() {
  const t = useT();
  const first = usePhase(state => state.retryAt);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const wait = useSecondsUntil(refusal?.until ?? first);
  const attempt = async (work: () => Promise<void>): Promise<boolean> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await work();
      return true;
    } catch (reason) {
      const { retryAfterSeconds = 0 } = toProblem(reason);
      setRefusal({ text: explain(reason, t), until: Date.now() + retryAfterSeconds * 1000 });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, refusal, wait, attempt };
}

/** Somebody comes back: by passphrase, or by the 24 words and a new passphrase. */
export function Unlock() {
  const [way, setWay] = useState<"passphrase" | "words">("passphrase");
  const [words, setWords] = useState("");
  if (words) {
    const done = () => {
      setWords("");
      openDesktop();
    };
    return <ChooseNext words={words} onDone={done} />;
  }
  return way === "passphrase" ? (
    <ByPassphrase onWords={() => setWay("words")} />
  ) : (
    <ByWords onBack={() => setWay("passphrase")} onOpen={setWords} />
  );
}

function ByPassphrase({ onWords }: { onWords: () => void }) {
  const t = useT();
  const { format } = useLocale();
  const [passphrase, setPassphrase] = useState("");
  const { busy, refusal, wait, attempt } = useTry();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || wait > 0 || passphrase === "") return;
    const open = await attempt(() => signIn({ passphrase }));
    setPassphrase("");
    if (open) openDesktop();
  };
  return (
    <Card title={t("unlockTitle")} icon={<LockKeyhole />}>
      <p className="welcome-text">{t("unlockText")}</p>
      <form className="welcome-form" onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value="WEB X. OS" readOnly hidden />
        <PasswordField
          label={t("passphrase")}
          name="passphrase"
          autoComplete="current-password"
          size="lg"
          autoFocus
          value={passphrase}
          onChange={setPassphrase}
          error={refusal?.text}
        />
        {wait > 0 && (
          <p className="welcome-wait" role="status">
            {t("wait", { seconds: format.duration(wait) })}
          </p>
        )}
        <Button
          type="submit"
          variant="primary"
          size="lg"
          isPending={busy}
          isDisabled={wait > 0 || passphrase === ""}
          icon={<Lock />}
        >
          {t(busy ? "unlocking" : "unlock")}
        </Button>
      </form>
      <Button variant="ghost" onPress={onWords} icon={<KeyRound />}>
        {t("useWords")}
      </Button>
    </Card>
  );
}

function ByWords({ onBack, onOpen }: { onBack: () => void; onOpen: (words: string) => void }) {
  const t = useT();
  const { format } = useLocale();
  const [text, setText] = useState("");
  const { busy, refusal, wait, attempt } = useTry();
  const count = splitWords(text).length;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || wait > 0 || count !== WORD_COUNT) return;
    const words = splitWords(text).join(" ");
    if (!(await attempt(() => signIn({ words })))) return;
    setText("");
    onOpen(words);
  };
  return (
    <Card title={t("wordsWayTitle")} icon={<KeyRound />}>
      <p className="welcome-text">{t("wordsWayText")}</p>
      <form className="welcome-form" onSubmit={submit} autoComplete="off">
        <TextField
          label={t("yourWords")}
          rows={5}
          autoFocus
          autoComplete="off"
          autoCorrect="off"
          spellCheck="false"
          value={text}
          onChange={setText}
          description={t("wordCount", { count, of: WORD_COUNT })}
          error={refusal?.text}
        />
        {wait > 0 && (
          <p className="welcome-wait" role="status">
            {t("wait", { seconds: format.duration(wait) })}
          </p>
        )}
        <div className="welcome-actions">
          <Button size="lg" onPress={onBack}>
            {t("back")}
          </Button>
          <Button
            type="submit"
            variant="primary"
            size="lg"
            isPending={busy}
            isDisabled={wait > 0 || count !== WORD_COUNT}
          >
            {t(busy ? "unlocking" : "unlock")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

function ChooseNext({ words, onDone }: { words: string; onDone: () => void }) {
  const t = useT();
  const [value, setValue] = useState(NO_PASSPHRASE);
  const [tried, setTried] = useState(false);
  const { busy, refusal, attempt } = useTry();
  const next = chosenPassphrase(value);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (busy || next === undefined) return;
    if (await attempt(() => resetPassphrase(words, next))) onDone();
  };
  return (
    <Card title={t("nextTitle")} icon={<KeyRound />}>
      <p className="welcome-text">{t("nextText")}</p>
      <form className="welcome-form" onSubmit={submit}>
        <input type="text" name="username" autoComplete="username" value="WEB X. OS" readOnly hidden />
        <NewPassphrase value={value} onChange={setValue} tried={tried} autoFocus size="lg" />
        {refusal && <Notice level="error">{refusal.text}</Notice>}
        <Button type="submit" variant="primary" size="lg" isPending={busy}>
          {t("nextSave")}
        </Button>
      </form>
    </Card>
  );
}
