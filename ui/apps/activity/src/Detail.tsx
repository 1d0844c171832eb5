import { type ActivityItem, useOs } from "@webx/sdk";
import { Badge, CopyButton, Dialog, KeyValue, useLocale } from "@webx/ui";
import { kindLabel } from "./labels";
import { useT } from "./strings";

const TONES = { info: "neutral", warning: "warning", error: "danger" } as const;

/** Everything the node noted about one entry. */
export function Detail({ item, onClose }: { item: ActivityItem; onClose: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const json = JSON.stringify(item.detail, null, 2);
  return (
    <Dialog title={kindLabel(t)(item.kind)} isOpen onOpenChange={open => !open && onClose()}>
      <div className="act-detail">
        <KeyValue
          onCopy={text => os.clipboard.writeText(text)}
          items={[
            {
              label: t("what"),
              value: <bdi>{item.subject || "–"}</bdi>,
              ...(item.subject ? { copy: item.subject } : {}),
            },
            { label: t("when"), value: `${format.day(new Date(item.at))}, ${format.time(new Date(item.at))}` },
            { label: t("level"), value: <Badge tone={TONES[item.level]}>{t(`level_${item.level}`)}</Badge> },
            { label: t("kind"), value: <bdi dir="ltr">{item.kind}</bdi>, mono: true },
            { label: t("number"), value: format.number(item.id) },
          ]}
        />
        {json !== "{}" && json !== "null" && (
          <div className="act-json">
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard (WCAG 2.1.1) */}
            <section className="act-json-text" tabIndex={0} aria-label={t("details")}>
              <pre dir="ltr">{json}</pre>
            </section>
            <CopyButton text={json} onCopy={text => os.clipboard.writeText(text)} />
          </div>
        )}
      </div>
    </Dialog>
  );
}
