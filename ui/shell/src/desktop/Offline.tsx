import { Button, Spinner } from "@webx/ui";
import { useEffect, useState } from "react";
import { useSession } from "../session";
import { useNotifications } from "./notifications";
import { useText } from "./strings";
import "./Offline.css";

/** A short break is nothing to talk about. */
const PATIENCE_MS = 2500;

/** Says that the node does not answer, once that lasts. The windows stay; the connection comes back by itself. */
export function Offline() {
  const t = useText();
  const { retry } = useSession();
  const online = useNotifications(state => state.online);
  const [told, setTold] = useState(false);
  useEffect(() => {
    if (online) {
      setTold(false);
      return;
    }
    const timer = setTimeout(() => setTold(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [online]);
  return (
    <div role="status" className="offline-place">
      {told && (
        <div className="offline">
          <Spinner size={18} />
          <span>{t("offline")}</span>
          <Button size="sm" onPress={retry}>
            {t("tryNow")}
          </Button>
        </div>
      )}
    </div>
  );
}
