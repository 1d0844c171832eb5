import { type ThemeName, useSettings } from "@webx/sdk";
import {
  ACCENTS,
  DEFAULT_WALLPAPER,
  isAccent,
  isLocale,
  isWallpaper,
  LOCALE_NAMES,
  LOCALES,
  RadioGroup,
  Select,
  Switch,
  useLocale,
  WALLPAPERS,
  Wallpaper,
} from "@webx/ui";
import { Group, Line, Page, Pending } from "../Page";
import { type T, useT } from "../strings";
import { useChange } from "../useChange";

const THEMES = ["system", "light", "dark", "contrast"] as const satisfies readonly ThemeName[];

function ThemePreview({ name }: { name: ThemeName }) {
  return (
    <span className="set-theme" aria-hidden="true">
      {(name === "system" ? (["light", "dark"] as const) : [name]).map(face => (
        <span key={face} className="set-theme-face" data-theme={face}>
          <span className="set-theme-window" />
        </span>
      ))}
    </span>
  );
}

function themeOptions(t: T) {
  const names = {
    system: t("themeSystem"),
    light: t("themeLight"),
    dark: t("themeDark"),
    contrast: t("themeContrast"),
  };
  return THEMES.map(id => ({
    id,
    label: (
      <span className="set-tile">
        <ThemePreview name={id} />
        {names[id]}
      </span>
    ),
  }));
}

/** How the desktop looks, and in which language it speaks. */
export function Appearance() {
  const t = useT();
  const { locale } = useLocale();
  const change = useChange();
  const { data, problem, reload } = useSettings();
  if (!data) return <Pending title={t("appearance")} problem={problem} onRetry={reload} />;
  return (
    <Page title={t("appearance")}>
      <Group title={t("theme")}>
        <RadioGroup
          aria-label={t("theme")}
          className="set-tiles"
          cards
          options={themeOptions(t)}
          value={data.theme ?? "system"}
          onChange={theme => change({ theme })}
        />
      </Group>
      <Group title={t("accent")}>
        <RadioGroup
          aria-label={t("accent")}
          className="set-swatches"
          orientation="horizontal"
          options={ACCENTS.map(id => ({
            id,
            label: (
              <span className="set-swatch" data-accent={id}>
                <span className="wx-visually-hidden">{t(`accent_${id}`)}</span>
              </span>
            ),
          }))}
          value={isAccent(data.accent) ? data.accent : ACCENTS[0]}
          onChange={accent => change({ accent })}
        />
      </Group>
      <Group title={t("wallpaper")}>
        <RadioGroup
          aria-label={t("wallpaper")}
          className="set-tiles"
          cards
          options={WALLPAPERS.map(id => ({
            id,
            label: (
              <span className="set-tile">
                <span className="set-wallpaper">
                  <Wallpaper name={id} />
                </span>
                {t(`wallpaper_${id}`)}
              </span>
            ),
          }))}
          value={isWallpaper(data.wallpaper) ? data.wallpaper : DEFAULT_WALLPAPER}
          onChange={wallpaper => change({ wallpaper })}
        />
      </Group>
      <Group title={t("languageAndMotion")}>
        <Line label={t("language")} text={t("languageText")}>
          <Select
            aria-label={t("language")}
            className="set-select"
            options={LOCALES.map(id => ({ id, label: LOCALE_NAMES[id] }))}
            value={isLocale(data.language) ? data.language : locale}
            onChange={language => change({ language })}
          />
        </Line>
        <Switch
          wide
          isSelected={data.reduceMotion ?? false}
          onChange={reduceMotion => change({ reduceMotion })}
          description={t("reduceMotionText")}
        >
          {t("reduceMotion")}
        </Switch>
      </Group>
    </Page>
  );
}
