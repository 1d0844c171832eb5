import { Button, TextField } from "@webx/ui";
import FolderUp from "lucide-react/icons/folder-up";
import HardDrive from "lucide-react/icons/hard-drive";
import KeyRound from "lucide-react/icons/key-round";
import LifeBuoy from "lucide-react/icons/life-buoy";
import LockKeyhole from "lucide-react/icons/lock-keyhole";
import MonitorSmartphone from "lucide-react/icons/monitor-smartphone";
import PartyPopper from "lucide-react/icons/party-popper";
import Settings from "lucide-react/icons/settings";
import ShieldCheck from "lucide-react/icons/shield-check";
import { type FormEvent, useState } from "react";
import { Card } from "./Frame";
import { JoinByInvite } from "./JoinByInvite";
import { type T, useT } from "./strings";

export interface StepProps {
  step: { at: number; of: number };
  onBack?: () => void;
}

/** What this is, in three sentences. */
export function About({
  step,
  onBack,
  onNext,
  onPair,
  onRecover,
}: StepProps & { onNext: () => void; onPair: () => void; onRecover: () => void }) {
  const t = useT();
  const points = [
    { icon: <HardDrive />, text: t("about1") },
    { icon: <ShieldCheck />, text: t("about2") },
    { icon: <KeyRound />, text: t("about3") },
  ];
  return (
    <Card step={step} title={t("aboutTitle")}>
      <ul className="welcome-points">
        {points.map(point => (
          <li key={point.text}>
            <span className="welcome-point-icon" aria-hidden="true">
              {point.icon}
            </span>
            {point.text}
          </li>
        ))}
      </ul>
      <div className="welcome-actions">
        <Button size="lg" {...(onBack ? { onPress: onBack } : {})}>
          {t("back")}
        </Button>
        <Button variant="primary" size="lg" onPress={onNext}>
          {t("begin")}
        </Button>
      </div>
      <Button variant="ghost" icon={<MonitorSmartphone />} onPress={onPair}>
        {t("pair")}
      </Button>
      <Button variant="ghost" icon={<LifeBuoy />} onPress={onRecover}>
        {t("recover")}
      </Button>
    </Card>
  );
}

export interface NamesValue {
  displayName: string;
  deviceName: string;
}

/** A name for this machine to begin with; the person may write another. */
export function ownNames(t: T): NamesValue {
  const agent = navigator.userAgent;
  const device = /Windows/.test(agent)
    ? t("deviceWindows")
    : /Mac OS X|Macintosh/.test(agent)
      ? t("deviceMac")
      : /Android|iPhone/.test(agent)
        ? t("devicePhone")
        : t("deviceOther");
  return { displayName: "", deviceName: device };
}

const LONGEST = 64;

export function Names({
  step,
  value,
  onChange,
  onBack,
  onNext,
}: StepProps & { value: NamesValue; onChange: (value: NamesValue) => void; onNext: () => void }) {
  const t = useT();
  const [tried, setTried] = useState(false);
  const missing = (text: string) => (tried && text.trim() === "" ? t("nameMissing") : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (value.displayName.trim() !== "" && value.deviceName.trim() !== "") onNext();
  };
  return (
    <Card step={step} title={t("namesTitle")}>
      <p className="welcome-text">{t("namesText")}</p>
      <form className="welcome-form" onSubmit={submit}>
        <TextField
          label={t("yourName")}
          name="name"
          autoComplete="name"
          autoFocus
          size="lg"
          maxLength={LONGEST}
          value={value.displayName}
          onChange={displayName => onChange({ ...value, displayName })}
          error={missing(value.displayName)}
        />
        <TextField
          label={t("deviceName")}
          name="device"
          autoComplete="off"
          size="lg"
          maxLength={LONGEST}
          value={value.deviceName}
          onChange={deviceName => onChange({ ...value, deviceName })}
          description={t("deviceHelp")}
          error={missing(value.deviceName)}
        />
        <div className="welcome-actions">
          <Button size="lg" {...(onBack ? { onPress: onBack } : {})}>
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

export function Done({ step, name, onOpen }: StepProps & { name: string; onOpen: () => void }) {
  const t = useT();
  const first = [
    { icon: <FolderUp />, text: t("first1") },
    { icon: <Settings />, text: t("first2") },
    { icon: <LockKeyhole />, text: t("first3") },
  ];
  return (
    <Card step={step} title={t("doneTitle", { name: name.trim() })} icon={<PartyPopper />}>
      <p className="welcome-text">{t("doneText")}</p>
      <ul className="welcome-points">
        {first.map(point => (
          <li key={point.text}>
            <span className="welcome-point-icon" aria-hidden="true">
              {point.icon}
            </span>
            {point.text}
          </li>
        ))}
      </ul>
      <Button variant="primary" size="lg" autoFocus onPress={onOpen}>
        {t("openDesktop")}
      </Button>
      <JoinByInvite />
    </Card>
  );
}
