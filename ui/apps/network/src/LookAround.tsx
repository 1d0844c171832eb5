import { type NetworkLan, useOs } from "@webx/sdk";
import { Button } from "@webx/ui";
import Radar from "lucide-react/icons/radar";
import { useState } from "react";
import { useT } from "./strings";
import { useTry } from "./useNetwork";

/** Offers to look for nodes in the local network, and says how that stands. */
export function LookAround({ lan }: { lan: NetworkLan }) {
  const t = useT();
  const os = useOs();
  const attempt = useTry();
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    await attempt(async () => os.network.configure({ ...(await os.network.settings()), lanDiscovery: true }));
    setBusy(false);
  };
  if (lan.status !== "off")
    return (
      <p className="net-quiet net-lan" role="status">
        {t(`lan_${lan.status}`, { count: lan.found })} <bdi dir="ltr">{lan.trouble}</bdi>
      </p>
    );
  return (
    <>
      <Button icon={<Radar />} isPending={busy} onPress={look}>
        {t("lanLook")}
      </Button>
      <p className="net-quiet net-lan">{t("lanText")}</p>
    </>
  );
}
