import { ErrorState, LocaleProvider, Spinner } from "@webx/ui";
import { lazy, type ReactNode, Suspense } from "react";
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
      <Suspense fallback={<Waiting />}>
        <Screen phase={phase} retry={retry} />
      </Suspense>
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
        <main className="boot">
          <ErrorState title={t("unreachable")} onRetry={retry}>
            {t("unreachableHelp")}
          </ErrorState>
        </main>
      );
    case "unsupported":
      return (
        <main className="boot">
          <ErrorState title={t("unsupported")}>{t("unsupportedHelp")}</ErrorState>
        </main>
      );
    case "welcome":
    case "locked":
      return <Welcome phase={phase} />;
    case "open":
      return <Desktop />;
  }
}

/** Before any text is loaded: a ring, named for screen readers by the document's title. */
function Waiting() {
  return (
    <main className="boot" aria-busy="true">
      <Spinner size={28} />
    </main>
  );
}
