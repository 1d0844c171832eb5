import { PasswordField } from "../components/TextField";
import { cx } from "../cx";
import { catalogue } from "../i18n";
import "./passphrase.css";
import { type Level, MIN_LENGTH, strengthOf } from "./strength";

const useT = catalogue({
  en: () => import("./locales/en.json"),
  de: () => import("./locales/de.json"),
  ar: () => import("./locales/ar.json"),
});

const LEVELS = ["level0", "level1", "level2", "level3", "level4"] as const satisfies readonly `level${Level}`[];

export interface NewPassphraseValue {
  first: string;
  second: string;
}

export const NO_PASSPHRASE: NewPassphraseValue = { first: "", second: "" };

/** The passphrase when it may be used: long enough and typed twice alike. */
export function chosenPassphrase({ first, second }: NewPassphraseValue): string | undefined {
  return Array.from(first.normalize("NFKC")).length >= MIN_LENGTH && first === second ? first : undefined;
}

export interface NewPassphraseProps {
  value: NewPassphraseValue;
  onChange: (value: NewPassphraseValue) => void;
  /** What others know of the person, such as the name: it does not make a passphrase stronger. */
  known?: readonly string[];
  /** Show what is missing: after the person tried to go on. */
  tried?: boolean;
  autoFocus?: boolean;
  size?: "md" | "lg";
}

/** Chooses a passphrase: the field, how strong it is, what would help, and the field to type it again. */
export function NewPassphrase({ value, onChange, known = [], tried, autoFocus, size = "md" }: NewPassphraseProps) {
  const t = useT();
  const strength = strengthOf(value.first, known);
  const started = value.first !== "";
  const short = tried && strength.hint === "tooShort";
  const differs =
    value.second !== "" && value.first !== value.second && (tried || !value.first.startsWith(value.second));
  return (
    <div className="wx-new-passphrase">
      <PasswordField
        label={t("passphrase")}
        name="new-password"
        autoComplete="new-password"
        size={size}
        autoFocus={autoFocus ?? false}
        value={value.first}
        onChange={first => onChange({ ...value, first })}
        error={short ? t("tooShort") : undefined}
      />
      <div className={cx("wx-strength", started && `wx-strength-${strength.level}`)}>
        <div className="wx-strength-bars" aria-hidden="true">
          {LEVELS.slice(1).map((name, index) => (
            <span key={name} className={cx(index < strength.level && "wx-strength-on")} />
          ))}
        </div>
        <p className="wx-strength-text" aria-live="polite">
          {started ? (
            <>
              <strong>{t(LEVELS[strength.level])}</strong> {t(strength.hint)}
            </>
          ) : (
            t("advice")
          )}
        </p>
      </div>
      <PasswordField
        label={t("repeat")}
        name="repeat-password"
        autoComplete="new-password"
        size={size}
        value={value.second}
        onChange={second => onChange({ ...value, second })}
        error={differs || (tried && value.second === "") ? t("differs") : undefined}
      />
    </div>
  );
}
