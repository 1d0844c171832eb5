import type { ReactNode } from "react";

/** Things that belong together, on one card. */
export function Group({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <section className="net-group" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {text && <p className="net-quiet">{text}</p>}
      </header>
      {children}
    </section>
  );
}
