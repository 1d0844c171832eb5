import type { NetworkAlarm, NetworkHealth, NetworkNode, NetworkReach } from "@webx/sdk";
import { Button, EmptyState, ErrorState, Notice, SkeletonList, useLocale } from "@webx/ui";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import UserPlus from "lucide-react/icons/user-plus";
import Waypoints from "lucide-react/icons/waypoints";
import { LookAround } from "./LookAround";
import { PeerMap } from "./map/PeerMap";
import { Command } from "./Off";
import { Peers } from "./Peers";
import { useT } from "./strings";
import { usePeers } from "./useNetwork";

/** An empty list of peers says the same better. */
const TOLD_ELSEWHERE: NetworkAlarm = "alone";

/** The whole at a glance: in figures, as a map, as a list. */
export function Overview({
  node,
  reach,
  onOpen,
  onInvite,
}: {
  node: NetworkNode;
  reach: NetworkReach;
  onOpen: (id: string) => void;
  onInvite: () => void;
}) {
  const t = useT();
  const peers = usePeers();
  return (
    <div className="net-page">
      <Figures node={node} />
      {reach === "loopback" && (
        <Notice title={t("loopbackTitle")}>
          {t("loopbackText")} <Command />
        </Notice>
      )}
      {node.alarms
        .filter(alarm => alarm !== TOLD_ELSEWHERE)
        .map(alarm => (
          <Notice key={alarm} level="warning" icon={<TriangleAlert />} title={t(`alarm_${alarm}`)}>
            {t(`alarm_${alarm}_text`)}
          </Notice>
        ))}
      {!peers.data && peers.problem && <ErrorState onRetry={peers.reload}>{peers.problem.message}</ErrorState>}
      {!peers.data && !peers.problem && <SkeletonList rows={4} height={72} />}
      {peers.data?.length === 0 && (
        <EmptyState
          icon={<Waypoints />}
          title={t("alone")}
          action={
            <>
              <Button variant="primary" icon={<UserPlus />} onPress={onInvite}>
                {t("aloneAction")}
              </Button>
              {reach === "any" && <LookAround lan={node.lan} />}
            </>
          }
        >
          {t("aloneText")}
        </EmptyState>
      )}
      {peers.data && peers.data.length > 0 && (
        <div className="net-columns">
          <PeerMap peers={peers.data} own={node.coordinate} onOpen={onOpen} />
          <Peers peers={peers.data} onOpen={onOpen} />
        </div>
      )}
    </div>
  );
}

function Figures({ node }: { node: NetworkNode }) {
  const t = useT();
  const { format } = useLocale();
  const health = ({ degree, reached, samples }: NetworkHealth) => ({
    label: t("figureHealth"),
    value: reached == null ? "–" : format.percent(reached),
    more: t("figureHealthText", { degree: Math.round(degree), samples }),
  });
  const figures = [
    {
      label: t("figurePeers"),
      value: format.number(node.peers),
      more: t("figureNeighbours", { count: node.neighbours }),
    },
    {
      label: t("figureSize"),
      value: node.networkSize == null ? "–" : format.number(node.networkSize),
      more: node.networkSize == null ? t("figureSizeUnknown") : t("figureSizeText"),
    },
    {
      label: t("figureKnown"),
      value: format.number(node.known),
      more: t("figureStored", { count: node.stored }),
    },
    {
      label: t("figureCost"),
      value: format.bytes(node.controlBytes),
      more: t("figureCostOf", { budget: node.controlBudget }),
    },
    ...(node.health ? [health(node.health)] : []),
  ];
  return (
    <dl className="net-figures">
      {figures.map(({ label, value, more }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            <strong>{value}</strong>
            <small>{more}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}
