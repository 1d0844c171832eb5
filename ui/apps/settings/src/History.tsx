import { EmptyState, useLocale } from "@webx/ui";
import { type LogEntry, logEntries } from "./log";
import { useT } from "./strings";

/** The entries of the identity's own log, the newest first. */
export function History({ log }: { log: readonly unknown[] }) {
  const t = useT();
  const { format } = useLocale();
  const entries = logEntries(log).reverse();
  if (entries.length === 0) return <EmptyState title={t("historyEmpty")} />;
  const said = (entry: LogEntry) =>
    entry.deactivated
      ? t("logDeactivated")
      : entry.number === 1
        ? t("logCreated")
        : entry.rotated
          ? t("logRotated")
          : t("logChanged");
  return (
    <ol className="set-history">
      {entries.map(entry => (
        <li key={entry.number}>
          <details>
            <summary>
              <span className="set-history-what">{said(entry)}</span>
              <span className="set-history-when">{format.datetime(new Date(entry.at))}</span>
            </summary>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard (WCAG 2.1.1) */}
            <section className="set-history-json" tabIndex={0} aria-label={t("logEntry", { number: entry.number })}>
              <pre dir="ltr">{JSON.stringify(entry.raw, null, 2)}</pre>
            </section>
          </details>
        </li>
      ))}
    </ol>
  );
}
