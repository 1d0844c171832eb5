import { isProblem } from "@webx/sdk";
import { Button, Notice, TextField } from "@webx/ui";
import MonitorSmartphone from "lucide-react/icons/monitor-smartphone";
import { type FormEvent, useEffect, useRef, useState } from "react";
import * as session from "../session/enter";
import { ChoosePassphrase } from "./ChoosePassphrase";
import { explain } from "./explain";
import { Card } from "./Frame";
import { useT } from "./strings";

type Session = Pick<typeof session, "startPairing" | "finishPairing" | "cancelPairing" | "openDesktop">;

/** Longest name of a device. */
const LONGEST = 64;
/** How long one waits after an answer that did not come. */
const AGAIN_MS = 2_000;

/** This machine becomes one of the devices of a person who has another one. */
export function PairDevice({
  name,
  onBack,
  session: ways = session,
}: {
  name: string;
  onBack: () => void;
  session?: Session;
}) {
  const t = useT();
  const [code, setCode] = useState("");
  const [deviceName, setDeviceName] = useState(name);
  const [step, setStep] = useState<"code" | "passphrase" | "compare">("code");
  const [digits, setDigits] = useState("");
  const [refused, setRefused] = useState<string>();
  const back = (why?: string) => {
    setRefused(why);
    setCode("");
    setStep("code");
  };
  switch (step) {
    case "code":
      return (
        <EnterCode
          {...{ code, deviceName, refused, onBack }}
          onCode={setCode}
          onName={setDeviceName}
          onNext={() => {
            setRefused(undefined);
            setStep("passphrase");
          }}
        />
      );
    case "passphrase":
      return (
        <ChoosePassphrase
          known={[deviceName]}
          busyLabel={t("pairMeeting")}
          onBack={() => setStep("code")}
          onChosen={async passphrase => {
            setDigits(await ways.startPairing({ code: code.trim(), passphrase, deviceName: deviceName.trim() }));
            setStep("compare");
          }}
        />
      );
    case "compare":
      return <Compare digits={digits} session={ways} onOver={back} />;
  }
}

function EnterCode({
  code,
  deviceName,
  refused,
  onCode,
  onName,
  onBack,
  onNext,
}: {
  code: string;
  deviceName: string;
  refused: string | undefined;
  onCode: (text: string) => void;
  onName: (text: string) => void;
  onBack: () => void;
  onNext: () => void;
}) {
  const t = useT();
  const [tried, setTried] = useState(false);
  const odd = !code.trim().startsWith("webx:pair?");
  const nameless = deviceName.trim() === "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!odd && !nameless) onNext();
  };
  return (
    <Card title={t("pairTitle")} icon={<MonitorSmartphone />}>
      <p className="welcome-text">{t("pairText")}</p>
      {refused && <Notice level="error">{refused}</Notice>}
      <form className="welcome-form" onSubmit={submit}>
        <TextField
          label={t("pairCode")}
          description={t("pairCodeHelp")}
          placeholder="webx:pair?…"
          rows={4}
          autoFocus
          autoComplete="off"
          spellCheck="false"
          maxLength={2048}
          value={code}
          onChange={onCode}
          error={tried && odd ? t("pairCodeWrong") : undefined}
        />
        <TextField
          label={t("deviceName")}
          name="device"
          autoComplete="off"
          size="lg"
          maxLength={LONGEST}
          value={deviceName}
          onChange={onName}
          description={t("deviceHelp")}
          error={tried && nameless ? t("nameMissing") : undefined}
        />
        <Notice>{t("pairTruth")}</Notice>
        <div className="welcome-actions">
          <Button size="lg" onPress={onBack}>
            {t("back")}
          </Button>
          <Button type="submit" variant="primary" size="lg">
            {t("continue")}
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** Shows the digits and waits for the person at the other device. */
function Compare({
  digits,
  session: ways,
  onOver,
}: {
  digits: string;
  session: Session;
  onOver: (why?: string) => void;
}) {
  const t = useT();
  const over = useRef(onOver);
  over.current = onOver;
  const words = useRef(t);
  words.current = t;
  useEffect(() => {
    let live = true;
    const wait = async () => {
      while (live) {
        try {
          const done = await ways.finishPairing();
          if (live && done) return ways.openDesktop();
        } catch (reason) {
          // The node of this machine may be away for a moment; everything else is the end.
          const passing = isProblem(reason) && reason.status === 0;
          if (live && !passing) return over.current(explain(reason, words.current));
          await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
        }
      }
    };
    void wait();
    return () => {
      live = false;
    };
  }, [ways]);
  const cancel = async () => {
    await ways.cancelPairing().catch(() => undefined);
    onOver();
  };
  return (
    <Card title={t("pairCompareTitle")} icon={<MonitorSmartphone />}>
      <p className="welcome-text">{t("pairCompareText")}</p>
      <output className="welcome-digits" dir="ltr" aria-label={t("pairDigits")}>
        {digits}
      </output>
      <p className="welcome-wait" role="status">
        {t("pairWaiting")}
      </p>
      <Button size="lg" onPress={cancel}>
        {t("cancel")}
      </Button>
    </Card>
  );
}
