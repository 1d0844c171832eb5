import type { StorePackageDetail } from "@webx/sdk";
import { Badge, Button, useLocale } from "@webx/ui";
import { useState } from "react";
import { useT } from "../strings";
import { useInstall } from "../useInstall";

/** Shown at first; the rest on demand. */
const FEW = 3;

/** All versions, the newest first, with what changed. Of an app that is not installed, any can be chosen. */
export function Versions({ offer }: { offer: StorePackageDetail }) {
  const t = useT();
  const { format } = useLocale();
  const { busy, install } = useInstall();
  const [all, setAll] = useState(false);
  const shown = all ? offer.versions : offer.versions.slice(0, FEW);
  return (
    <>
      <ol className="store-versions">
        {shown.map((each, index) => (
          <li key={each.version}>
            <div className="store-version-head">
              <strong>{each.version}</strong>
              {each.version === offer.installed?.version && <Badge tone="success">{t("installed")}</Badge>}
              <span className="store-quiet">
                {format.date(new Date(each.publishedAt))} · {format.bytes(each.size)}
              </span>
              {index > 0 && !offer.installed && (
                <Button
                  size="sm"
                  isDisabled={busy}
                  aria-label={t("installVersion", { version: each.version })}
                  onPress={() => install({ store: offer.store, app: offer.app, version: each.version })}
                >
                  {t("install")}
                </Button>
              )}
            </div>
            {each.notes && <p dir="auto">{each.notes}</p>}
          </li>
        ))}
      </ol>
      {!all && offer.versions.length > FEW && (
        <Button size="sm" onPress={() => setAll(true)}>
          {t("allVersions", { count: offer.versions.length })}
        </Button>
      )}
    </>
  );
}
