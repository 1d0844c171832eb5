import type { Publisher } from "@webx/sdk";
import { CopyButton } from "@webx/ui";
import type { ReactNode } from "react";
import { useAskText } from "./strings";

/** Who asks: the app by name and icon, and who signed it. Drawn by the desktop, so that no app can say it is another. */
export function Origin({
  name,
  publisher,
  system,
  icon,
  children,
}: {
  name: string;
  publisher: Publisher;
  system?: boolean;
  icon: ReactNode;
  children?: ReactNode;
}) {
  const t = useAskText();
  return (
    <div className="ask-origin">
      {icon}
      <div className="ask-origin-text">
        <strong dir="auto">{name}</strong>
        {system ? (
          <span>{t("partOfSystem")}</span>
        ) : (
          <span className="ask-publisher" title={publisher.did}>
            {t("signedBy")} <code dir="ltr">{short(publisher.did)}</code>
            <CopyButton
              text={publisher.did}
              label={t("copyPublisher")}
              onCopy={text => navigator.clipboard.writeText(text)}
            />
          </span>
        )}
        {children}
      </div>
    </div>
  );
}

/** Beginning and end of an identifier: enough to compare, short enough to read. */
export function short(did: string): string {
  return did.length <= 40 ? did : `${did.slice(0, 22)}…${did.slice(-10)}`;
}
