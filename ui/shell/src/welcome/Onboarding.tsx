import { Button, isLocale, LOCALE_NAMES, LOCALES, RadioGroup, useLocale } from "@webx/ui";
import { useEffect, useState } from "react";
import { calls, setLocale } from "../session";
import { onboard, openDesktop } from "../session/enter";
import { ChoosePassphrase } from "./ChoosePassphrase";
import { Card } from "./Frame";
import { PairDevice } from "./PairDevice";
import { Recover } from "./Recover";
import { ConfirmWords, ShowWords } from "./RecoveryWords";
import { About, Done, Names, type NamesValue, ownNames } from "./steps";
import { useT } from "./strings";

const STEPS = ["language", "about", "names", "passphrase", "words", "confirm", "done"] as const;
type Step = (typeof STEPS)[number] | "pair" | "recover";

/** The first person moves in. Everything typed here lives in this component and goes with it. */
export function Onboarding() {
  const t = useT();
  const { locale } = useLocale();
  const [step, setStep] = useState<Step>("language");
  const [names, setNames] = useState<NamesValue>(() => ownNames(t));
  const [words, setWords] = useState<readonly string[]>([]);
  const place = { at: (STEPS as readonly Step[]).indexOf(step) + 1, of: STEPS.length };

  // The words are shown this once: leaving now asks first.
  const unread = words.length > 0;
  useEffect(() => {
    if (!unread) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [unread]);

  switch (step) {
    case "language":
      return (
        <Card key={step} step={place} title={t("languageTitle")}>
          <RadioGroup
            aria-label={t("language")}
            cards
            options={LOCALES.map(id => ({ id, label: <span lang={id}>{LOCALE_NAMES[id]}</span> }))}
            value={locale}
            onChange={id => isLocale(id) && setLocale(id)}
          />
          <Button variant="primary" size="lg" onPress={() => setStep("about")}>
            {t("continue")}
          </Button>
        </Card>
      );
    case "about":
      return (
        <About
          key={step}
          step={place}
          onBack={() => setStep("language")}
          onNext={() => setStep("names")}
          onPair={() => setStep("pair")}
          onRecover={() => setStep("recover")}
        />
      );
    case "pair":
      return <PairDevice key={step} name={names.deviceName} onBack={() => setStep("about")} />;
    case "recover":
      return (
        <Recover
          key={step}
          names={names}
          onBack={() => setStep("about")}
          onBackWithWords={openDesktop}
          onBackWithShares={shown => {
            setWords(shown);
            setStep("words");
          }}
        />
      );
    case "names":
      return (
        <Names
          key={step}
          step={place}
          value={names}
          onChange={setNames}
          onBack={() => setStep("about")}
          onNext={() => setStep("passphrase")}
        />
      );
    case "passphrase":
      return (
        <ChoosePassphrase
          key={step}
          step={place}
          known={[names.displayName, names.deviceName]}
          onBack={() => setStep("names")}
          onChosen={async passphrase => {
            const shown = await onboard({
              passphrase,
              displayName: names.displayName.trim(),
              deviceName: names.deviceName.trim(),
            });
            setWords(shown);
            setStep("words");
            await calls.settings.patch({ language: locale }).catch(() => undefined);
          }}
        />
      );
    case "words":
      return <ShowWords key={step} step={place} words={words} onNext={() => setStep("confirm")} />;
    case "confirm":
      return (
        <ConfirmWords
          key={step}
          step={place}
          words={words}
          onBack={() => setStep("words")}
          onConfirmed={() => {
            setWords([]);
            setStep("done");
          }}
        />
      );
    case "done":
      return <Done key={step} step={place} name={names.displayName} onOpen={openDesktop} />;
  }
}
