import { DEFAULT_WALLPAPER, ErrorState, LocaleProvider, Spinner, Wallpaper } from "@webx/ui";
import { lazy, type ReactNode, Suspense } from "react";
import { ErrorBoundary } from "./ErrorBoundary";
import { useSession } from "./session";
import { useBootText } from "./strings";
import "./Root.css";

const Welcome = lazy(() => import("./welcome"));
const Desktop = lazy(() => import("./desktop"));

/** Chooses the screen: welcome or unlock, the desktop, or why neither can be shown. */
export function Root() {
  const { phase, locale, retry } = useSession();
  return (
    <LocaleProvider locale={locale} root={document.documentElement}>
      <ErrorBoundary fallback={() => <Broken />}>
        <Suspense fallback={<Waiting />}>
          <Screen phase={phase} retry={retry} />
        </Suspense>
      </ErrorBoundary>
    </LocaleProvider>
  );
}

function Screen({ phase, retry }: { phase: ReturnType<typeof useSession>["phase"]; retry: () => void }): ReactNode {
  const t = useBootText();
  switch (phase) {
    case "starting":
      return <Waiting />;
    case "unreachable":
      return (
        <Halt>
          <ErrorState level={1} title={t("unreachable")} onRetry={retry}>
            {t("unreachableHelp")}
          </ErrorState>
        </Halt>
      );
    case "unsupported":
      return (
        <Halt>
          <ErrorState level={1} title={t("unsupported")}>
            {t("unsupportedHelp")}
          </ErrorState>
        </Halt>
      );
    case "welcome":
    case "locked":
      return <Welcome phase={phase} />;
    case "open":
      return <Desktop />;
  }
}

/** A card on the wallpaper: the screen when there is nothing else to show. */
function Halt({ children }: { children: ReactNode }) {
  return (
    <main className="boot">
      <Wallpaper name={DEFAULT_WALLPAPER} />
      <div className="boot-card">{children}</div>
    </main>
  );
}

/** A part of the program could not be loaded or failed; a fresh start is the way out. */
function Broken() {
  const t = useBootText();
  return (
    <Halt>
      <ErrorState level={1} title={t("broken")} onRetry={() => location.reload()}>
        {t("brokenHelp")}
      </ErrorState>
    </Halt>
  );
}

/** Before any text is loaded: a ring, named for screen readers by the document's title. */
function Waiting() {
  return (
    <main className="boot" aria-busy="true">
      <Spinner size={28} />
    </main>
  );
}
