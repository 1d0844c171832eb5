import { IconButton, useLocale } from "@webx/ui";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import { type ReactNode, useEffect, useRef } from "react";
import { useT } from "./strings";

/** What stands beside the list, or over it where there is no room for both. */
export function Pane({ onBack, children }: { onBack: () => void; children: ReactNode }) {
  const t = useT();
  const { dir } = useLocale();
  const pane = useRef<HTMLDivElement>(null);
  // The row that was pressed may be covered now; the keyboard goes on here.
  useEffect(() => pane.current?.focus(), []);
  return (
    <div ref={pane} className="con-pane" tabIndex={-1}>
      <div className="con-back">
        <IconButton label={t("back")} onPress={onBack}>
          {dir === "rtl" ? <ArrowRight /> : <ArrowLeft />}
        </IconButton>
      </div>
      <div className="con-page">{children}</div>
    </div>
  );
}

/** Things that belong together, on one card. */
export function Group({ title, text, children }: { title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <section className="con-group" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {text && <p className="con-quiet">{text}</p>}
      </header>
      {children}
    </section>
  );
}
