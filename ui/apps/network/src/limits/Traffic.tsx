import type { NetworkNode } from "@webx/sdk";
import { Meter, useLocale } from "@webx/ui";
import { protocolName } from "../labels";
import { Group } from "../Page";
import { useT } from "../strings";

/** What keeping the network costs: the day against its budget, and each protocol. */
export function Traffic({ node }: { node: NetworkNode }) {
  const t = useT();
  const { format } = useLocale();
  return (
    <Group title={t("traffic")} text={t("trafficText")}>
      <Meter
        label={t("control")}
        value={Math.min(node.controlBytes, node.controlBudget)}
        max={node.controlBudget}
        valueText={t("controlOf", { used: node.controlBytes, budget: node.controlBudget })}
      />
      {node.traffic.length === 0 ? (
        <p className="net-quiet">{t("trafficNone")}</p>
      ) : (
        <table className="net-table">
          <caption className="wx-visually-hidden">{t("trafficTable")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("protocol")}</th>
              <th scope="col">{t("sent")}</th>
              <th scope="col">{t("received")}</th>
            </tr>
          </thead>
          <tbody>
            {node.traffic.map(({ protocol, sent, received }) => (
              <tr key={protocol}>
                <th scope="row">{protocolName(protocol, t)}</th>
                <td>{format.bytes(sent)}</td>
                <td>{format.bytes(received)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Group>
  );
}
