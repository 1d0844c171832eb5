import type { NetworkNode } from "@webx/sdk";
import { TextField, useLocale } from "@webx/ui";
import { Group } from "../Page";
import { useT } from "../strings";
import type { Part } from "./Limits";

/** Whom the node calls when nobody else answers, and what came of it. */
export function LastResort({ form, set, wrong, node }: Part & { node: NetworkNode }) {
  const t = useT();
  const { format } = useLocale();
  const outcome = ({ outcome: came, seconds }: NetworkNode["lastResort"][number]) =>
    t(`resort_${came}`, { ago: format.relative(new Date(Date.now() - (seconds ?? 0) * 1000)) });
  return (
    <Group title={t("resort")} text={t("resortText")}>
      <TextField
        label={t("resortField")}
        rows={3}
        dir="ltr"
        autoComplete="off"
        spellCheck="false"
        maxLength={2600}
        value={form.resort}
        onChange={value => set("resort", value)}
        error={wrong("resort")}
      />
      {node.lastResort.length > 0 && (
        <ul className="net-resorts">
          {node.lastResort.map(each => (
            <li key={each.entry} className="net-quiet">
              <bdi dir="ltr">{each.entry}</bdi> {outcome(each)} <bdi dir="ltr">{each.trouble}</bdi>
            </li>
          ))}
        </ul>
      )}
    </Group>
  );
}
