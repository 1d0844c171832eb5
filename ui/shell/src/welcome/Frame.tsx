import { DEFAULT_WALLPAPER, isLocale, LOCALE_NAMES, LOCALES, Select, useLocale, Wallpaper } from "@webx/ui";
import Languages from "lucide-react/icons/languages";
import { type ReactNode, useEffect, useRef } from "react";
import { setLocale } from "../session";
import { Logo } from "./Logo";
import { useT } from "./strings";
import "./welcome.css";

const OPTIONS = LOCALES.map(id => ({ id, label: LOCALE_NAMES[id] }));

/** The calm page around every screen before the desktop. */
export function Frame({ children }: { children: ReactNode }) {
  const t = useT();
  const { locale } = useLocale();
  return (
    <div className="welcome">
      <Wallpaper name={DEFAULT_WALLPAPER} className="welcome-wallpaper" />
      <header className="welcome-bar">
        <span className="welcome-brand">
          <Logo size={24} />
          WEB X. OS
        </span>
        <Select
          aria-label={t("language")}
          className="welcome-language"
          options={OPTIONS.map(option => ({ ...option, icon: <Languages size={16} aria-hidden="true" /> }))}
          value={locale}
          onChange={id => isLocale(id) && setLocale(id)}
        />
      </header>
      <main className="welcome-main">{children}</main>
    </div>
  );
}

export interface CardProps {
  title: string;
  icon?: ReactNode;
  /** Where in the whole this is. */
  step?: { at: number; of: number };
  children: ReactNode;
  wide?: boolean;
}

/** One step: its heading gets the focus, so that a screen reader says where the person is. */
export function Card({ title, icon, step, children, wide }: CardProps) {
  const t = useT();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!heading.current?.parentElement?.contains(document.activeElement)) heading.current?.focus();
  }, []);
  return (
    <section className={wide ? "welcome-card welcome-card-wide" : "welcome-card"}>
      {icon && (
        <span className="welcome-icon" aria-hidden="true">
          {icon}
        </span>
      )}
      {step && (
        <p className="welcome-step">
          <span className="wx-visually-hidden">{t("step", { at: step.at, of: step.of })}</span>
          <span className="welcome-dots" aria-hidden="true">
            {Array.from({ length: step.of }, (_, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: dots are all alike
              <span key={index} className={index < step.at ? "welcome-dot welcome-dot-done" : "welcome-dot"} />
            ))}
          </span>
        </p>
      )}
      <h1 ref={heading} tabIndex={-1} className="welcome-title">
        {title}
      </h1>
      {children}
    </section>
  );
}
