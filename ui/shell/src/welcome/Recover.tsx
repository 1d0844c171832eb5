import { Button, Notice, RadioGroup, TextField } from "@webx/ui";
import { type FormEvent, useState } from "react";
import * as session from "../session/enter";
import { ChoosePassphrase } from "./ChoosePassphrase";
import { Card } from "./Frame";
import { Names, type NamesValue } from "./steps";
import { useT } from "./strings";
import { splitWords, WORD_COUNT } from "./words";

type Ways = Pick<typeof session, "recover">;

/** Words of a share of 24 words. */
const SHARE_WORDS = 33;
const MOST_SHARES = 16;

const STEPS = ["what", "names", "passphrase"] as const;

/** Everything is lost but the words, or enough shares of them. What is typed here goes with this component. */
export function Recover({
  names: ownNames,
  onBack,
  onBackWithWords,
  onBackWithShares,
  session: ways = session,
}: {
  names: NamesValue;
  onBack: () => void;
  /** Somebody who has just typed the words. */
  onBackWithWords: () => void;
  /** Somebody who needs to write the words down again. */
  onBackWithShares: (words: readonly string[]) => void;
  session?: Ways;
}) {
  const [step, setStep] = useState<(typeof STEPS)[number]>("what");
  const [names, setNames] = useState(ownNames);
  const [way, setWay] = useState<"words" | "shares">("words");
  const [text, setText] = useState("");
  const place = { at: STEPS.indexOf(step) + 1, of: STEPS.length };
  switch (step) {
    case "what":
      return <What {...{ way, text, onBack }} onWay={setWay} onText={setText} onNext={() => setStep("names")} />;
    case "names":
      return (
        <Names
          step={place}
          value={names}
          onChange={setNames}
          onBack={() => setStep("what")}
          onNext={() => setStep("passphrase")}
        />
      );
    case "passphrase":
      return (
        <ChoosePassphrase
          step={place}
          known={[names.displayName, names.deviceName]}
          onBack={() => setStep("what")}
          onChosen={async passphrase => {
            const person = {
              passphrase,
              displayName: names.displayName.trim(),
              deviceName: names.deviceName.trim(),
            };
            if (way === "words") {
              await ways.recover({ ...person, words: splitWords(text).join(" ") });
              onBackWithWords();
            } else onBackWithShares(await ways.recover({ ...person, shares: sharesOf(text) }));
          }}
        />
      );
  }
}

/** Shares as they are pasted or typed, one after the other: each has as many words. */
export function sharesOf(text: string): string[] {
  const words = splitWords(
    text
      .split("\n")
      .filter(line => !line.trimStart().startsWith("#"))
      .join("\n"),
  );
  return Array.from({ length: Math.ceil(words.length / SHARE_WORDS) }, (_, at) =>
    words.slice(at * SHARE_WORDS, (at + 1) * SHARE_WORDS).join(" "),
  );
}

function What({
  way,
  text,
  onWay,
  onText,
  onBack,
  onNext,
}: {
  way: "words" | "shares";
  text: string;
  onWay: (way: "words" | "shares") => void;
  onText: (text: string) => void;
  onBack: () => void;
  onNext: () => void;
}) {
  const t = useT();
  const shares = sharesOf(text);
  const whole = shares.filter(share => splitWords(share).length === SHARE_WORDS).length;
  const complete =
    way === "words"
      ? splitWords(text).length === WORD_COUNT
      : whole > 0 && whole === shares.length && whole <= MOST_SHARES;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (complete) onNext();
  };
  return (
    <Card step={{ at: 1, of: STEPS.length }} title={t("recoverTitle")}>
      <p className="welcome-text">{t("recoverText")}</p>
      <form className="welcome-form" onSubmit={submit} autoComplete="off">
        <RadioGroup
          aria-label={t("recoverTitle")}
          options={[
            { id: "words", label: t("recoverWords") },
            { id: "shares", label: t("recoverShares") },
          ]}
          value={way}
          onChange={id => onWay(id === "shares" ? "shares" : "words")}
        />
        <TextField
          label={t(way === "words" ? "yourWords" : "recoverSharesLabel")}
          rows={way === "words" ? 4 : 8}
          autoFocus
          autoComplete="off"
          autoCorrect="off"
          spellCheck="false"
          value={text}
          onChange={onText}
          description={
            way === "words"
              ? t("wordCount", { count: splitWords(text).length, of: WORD_COUNT })
              : t("recoverSharesCount", { count: whole })
          }
        />
        <Notice>
          {t("recoverTruth")} <code dir="ltr">webx id recover --guardian</code>
        </Notice>
        <div className="welcome-actions">
          <Button size="lg" onPress={onBack}>
            {t("back")}
          </Button>
          <Button type="submit" variant="primary" size="lg" isDisabled={!complete}>
            {t("continue")}
          </Button>
        </div>
      </form>
    </Card>
  );
}
