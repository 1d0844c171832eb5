import { Button, ErrorState } from "@webx/ui";
import { type App, BACKEND } from "../apps";
import { openApp } from "../os";
import { appName, useText } from "../strings";
import { dispatch } from "../wm/store";
import type { Condition } from "./run";

/** An app that does not run: why, and what can be done. The desktop says it, not the app. */
export function Problems({
  app,
  window,
  condition,
  again,
}: {
  app: App;
  window: string;
  condition: Condition;
  again: () => void;
}) {
  const t = useText();
  const name = appName(t, app);
  const close = <Button onPress={() => dispatch({ type: "close", id: window })}>{t("closeWindow")}</Button>;
  const log = app.info?.backend && (
    <Button onPress={() => openApp(BACKEND, { install: app.install })}>{t("showLog")}</Button>
  );
  const action = (
    <>
      {close}
      {log}
    </>
  );
  if (condition.kind === "crashed")
    return (
      <ErrorState title={t("appBroke", { app: name })} onRetry={again} action={action}>
        <p>{t("appBrokeHelp")}</p>
        <code className="app-problem-text">{condition.message}</code>
        {condition.stack && (
          <details className="app-problem">
            <summary>{t("appStack")}</summary>
            <pre className="app-problem-stack">{condition.stack}</pre>
          </details>
        )}
      </ErrorState>
    );
  if (condition.kind === "stopped")
    return (
      <ErrorState title={t("appStopped", { app: name })} onRetry={again} action={action}>
        <p>{t(condition.why === "protocol" ? "appStoppedProtocol" : "appStoppedFlood")}</p>
      </ErrorState>
    );
  return (
    <ErrorState title={t("appMissing", { app: name })} onRetry={again} action={action}>
      <p>{t("appMissingHelp")}</p>
    </ErrorState>
  );
}
