/** Network: who this node is connected to, how well, what that costs, and the way in for others. */
import { useLaunch } from "@webx/sdk";
import { ErrorState, SkeletonList, Tabs } from "@webx/ui";
import Gauge from "lucide-react/icons/gauge";
import UserPlus from "lucide-react/icons/user-plus";
import Waypoints from "lucide-react/icons/waypoints";
import { useEffect, useState } from "react";
import { Invite } from "./Invite";
import { Limits } from "./limits/Limits";
import { Off } from "./Off";
import { Overview } from "./Overview";
import { Peer } from "./Peer";
import { useT } from "./strings";
import { useView } from "./useNetwork";
import "./network.css";

const PAGES = ["network", "limits", "invite"] as const;
type Page = (typeof PAGES)[number];

interface Wish {
  page?: Page;
  peer?: string;
  /** An invite to join by. */
  join?: string;
}

/** What a link asks for: `windows.open("network", { peer })`. */
export function wishOf(args: unknown): Wish {
  if (typeof args !== "object" || args === null) return {};
  const { page, peer, join } = args as Partial<Record<keyof Wish, unknown>>;
  const known = PAGES.find(each => each === page);
  if (typeof join === "string") return { page: "invite", join };
  if (typeof peer === "string") return { peer };
  return known ? { page: known } : {};
}

export default function App() {
  const t = useT();
  const launch = useLaunch();
  const view = useView();
  const [wish, setWish] = useState(() => wishOf(launch.args));
  useEffect(() => setWish(wishOf(launch.args)), [launch]);

  if (!view.data)
    return (
      <div className="net">
        <div className="net-page">
          <h1 className="wx-visually-hidden">{t("title")}</h1>
          {view.problem ? (
            <ErrorState onRetry={view.reload}>{view.problem.message}</ErrorState>
          ) : (
            <SkeletonList rows={5} height={72} />
          )}
        </div>
      </div>
    );
  const { node, reach } = view.data;
  if (!view.data.running || !node) return <Off reach={reach} onRetry={view.reload} />;
  if (wish.peer !== undefined)
    return (
      <div className="net net-scroll">
        <Peer key={wish.peer} id={wish.peer} onBack={() => setWish({})} />
      </div>
    );
  return (
    <div className="net">
      <h1 className="wx-visually-hidden">{t("title")}</h1>
      <Tabs<Page>
        label={t("pages")}
        className="net-tabs"
        value={wish.page ?? "network"}
        onChange={page => setWish({ page })}
        items={[
          {
            id: "network",
            label: t("map"),
            icon: <Waypoints aria-hidden="true" />,
            content: (
              <Overview
                node={node}
                reach={reach}
                onOpen={peer => setWish({ peer })}
                onInvite={() => setWish({ page: "invite" })}
              />
            ),
          },
          {
            id: "limits",
            label: t("limits"),
            icon: <Gauge aria-hidden="true" />,
            content: <Limits node={node} onChange={view.reload} />,
          },
          {
            id: "invite",
            label: t("invite"),
            icon: <UserPlus aria-hidden="true" />,
            content: <Invite reach={reach} wanted={wish.join} />,
          },
        ]}
      />
    </div>
  );
}
