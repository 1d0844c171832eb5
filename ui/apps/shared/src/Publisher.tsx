import { useOs } from "@webx/sdk";
import { CopyButton } from "@webx/ui";
import { useT } from "./strings";
import "./shared.css";

/** Begin and end of an identifier: enough to compare, short enough to read. */
export const shortDid = (did: string): string => (did.length <= 32 ? did : `${did.slice(0, 20)}…${did.slice(-8)}`);

/** Who signed an app. Apps of the program itself say so instead. */
export function Publisher({ did, system }: { did: string; system: boolean }) {
  const t = useT();
  const os = useOs();
  if (system) return <span>{t("partOfSystem")}</span>;
  return (
    <span className="app-publisher">
      <bdi dir="ltr" title={did}>
        {shortDid(did)}
      </bdi>
      <CopyButton text={did} label={t("copyPublisher")} onCopy={text => os.clipboard.writeText(text)} />
    </span>
  );
}
