import type { Problem } from "@webx/sdk";
import { ErrorState, SkeletonList } from "@webx/ui";
import type { ReactNode } from "react";

/** One page of the settings: its title, or a head that shows more than that, then groups. */
export function Page({ title, head, children }: { title: string; head?: ReactNode; children: ReactNode }) {
  return (
    <div className="set-page">
      {head ?? <h1 className="set-title">{title}</h1>}
      {children}
    </div>
  );
}

/** Things that belong together, on one card. */
export function Group({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <section className="set-group" aria-label={title}>
      <header className="set-group-head">
        <h2 className="set-group-title">{title}</h2>
        {text && <p className="set-group-text">{text}</p>}
      </header>
      {children}
    </section>
  );
}

/** A page whose data is still on its way, or did not come. */
export function Pending({
  title,
  problem,
  onRetry,
}: {
  title: string;
  problem: Problem | undefined;
  onRetry: () => void;
}) {
  return (
    <Page title={title}>
      {problem ? <ErrorState onRetry={onRetry}>{problem.message}</ErrorState> : <SkeletonList rows={4} height={72} />}
    </Page>
  );
}

/** A text and what can be done about it, on one line. */
export function Line({ label, text, children }: { label: ReactNode; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className="set-line">
      <div className="set-line-text">
        <span>{label}</span>
        {text && <small>{text}</small>}
      </div>
      {children}
    </div>
  );
}
