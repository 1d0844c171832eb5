import { AppProvider } from "@webx/sdk";
import { createMemoryOs } from "@webx/sdk/testing";
import { bestLocale, directionOf, isLocale, LocaleProvider, SkeletonList, Toasts } from "@webx/ui";
import { type ComponentType, lazy, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { seed } from "./seed";
import "@webx/ui/tokens.css";
import "@webx/ui/base.css";
import "./preview.css";

const wish = new URLSearchParams(location.search);
const lang = wish.get("lang") ?? "en";
const locale = isLocale(lang) ? lang : bestLocale(navigator.languages);
const theme = wish.get("theme") === "dark" ? "dark" : wish.get("theme") === "contrast" ? "contrast" : "light";
const root = document.documentElement;
root.dataset.theme = theme;
root.dataset.accent = wish.get("accent") ?? "indigo";
if (wish.has("still")) root.dataset.motion = "reduce";

const modules = import.meta.glob<{ default: ComponentType }>("../../apps/*/src/index.tsx");
const wanted = modules[`../../apps/${wish.get("app") ?? "gallery"}/src/index.tsx`];
if (wanted === undefined) throw new Error("there is no such app");
const App = lazy(wanted);

const memory = createMemoryOs({
  ...(wish.has("empty") ? {} : seed),
  locale: { language: locale, dir: directionOf(locale) },
  theme: { name: theme, reduceMotion: wish.has("still") },
});
Object.assign(globalThis, { memory });
memory.os.i18n.onChange(() => {});

const place = document.getElementById("root");
if (place)
  createRoot(place).render(
    <LocaleProvider locale={locale} root={root}>
      <main>
        <Suspense fallback={<SkeletonList />}>
          <AppProvider os={memory.os} launch={{ args: JSON.parse(wish.get("args") ?? "{}") as unknown }}>
            <App />
          </AppProvider>
        </Suspense>
      </main>
      <Toasts />
    </LocaleProvider>,
  );
