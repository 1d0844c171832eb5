import { useLoad, useOs } from "@webx/sdk";
import { CopyButton, ErrorState, KeyValue, QrCode, SkeletonList, useLocale } from "@webx/ui";
import { Group } from "./Page";
import { useT } from "./strings";

/** What others add this person by. */
export function OwnCard() {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const { data, problem, reload } = useLoad("card", () => os.contacts.card());
  if (!data)
    return problem ? (
      <ErrorState title={t("cardFailed")} onRetry={reload}>
        {problem.message}
      </ErrorState>
    ) : (
      <SkeletonList rows={3} height={120} />
    );
  return (
    <>
      <h2 className="con-title">{t("ownCard")}</h2>
      <Group title={t("cardShow")} text={t("cardShowText")}>
        <div className="con-card">
          {/* A card is read in either case, and capital letters make a coarser picture. */}
          <QrCode text={data.card.toUpperCase()} label={t("cardQr")} size={280} />
          <div className="con-card-text">
            <p>{t("cardUntil", { at: format.date(new Date(data.expires)) })}</p>
            <p className="con-quiet">{t("cardTruth")}</p>
            <div className="con-copy">
              <code dir="ltr">{data.card}</code>
              <CopyButton text={data.card} label={t("copyCard")} onCopy={text => os.clipboard.writeText(text)} />
            </div>
          </div>
        </div>
      </Group>
      <Group title={t("cardDid")} text={t("cardDidText")}>
        <KeyValue
          onCopy={text => os.clipboard.writeText(text)}
          items={[{ label: t("did"), value: data.did, mono: true, copy: data.did }]}
        />
      </Group>
    </>
  );
}
