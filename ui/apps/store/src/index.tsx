/** Store: find apps, see what they may do before they are installed, keep them current. */
import { useSharedTexts } from "@webx/app-shared";
import { useLaunch } from "@webx/sdk";
import { Badge, Tabs } from "@webx/ui";
import { useEffect, useState } from "react";
import { Discover } from "./Discover";
import { Offer } from "./offer/Offer";
import { Stores } from "./Stores";
import { useT } from "./strings";
import { Updates } from "./Updates";
import { useUpdates } from "./useCatalogue";
import "./store.css";

/** An app of a store: what the detail is about. */
export interface Place {
  store: string;
  app: string;
}

type Page = "discover" | "updates" | "stores";

/** What a link asks for: `windows.open("store", { store, app })`. */
export function placeOf(args: unknown): Place | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  const { store, app } = args as Partial<Record<keyof Place, unknown>>;
  return typeof store === "string" && typeof app === "string" ? { store, app } : undefined;
}

export default function App() {
  const t = useT();
  useSharedTexts();
  const launch = useLaunch();
  const updates = useUpdates();
  const [page, setPage] = useState<Page>("discover");
  const [place, setPlace] = useState(() => placeOf(launch.args));
  useEffect(() => {
    const wanted = placeOf(launch.args);
    if (wanted) setPlace(wanted);
  }, [launch]);
  const waiting = updates.data?.length ?? 0;
  if (place)
    return (
      <div className="store">
        <Offer key={`${place.store} ${place.app}`} place={place} onBack={() => setPlace(undefined)} />
      </div>
    );
  return (
    <div className="store">
      <Tabs<Page>
        label={t("pages")}
        className="store-tabs"
        value={page}
        onChange={setPage}
        items={[
          {
            id: "discover",
            label: t("discover"),
            content: <Discover onOpen={setPlace} onStores={() => setPage("stores")} />,
          },
          {
            id: "updates",
            label: (
              <>
                {t("updates")} {waiting > 0 && <Badge tone="accent">{waiting}</Badge>}
              </>
            ),
            content: <Updates updates={updates} onOpen={setPlace} />,
          },
          { id: "stores", label: t("stores"), content: <Stores /> },
        ]}
      />
    </div>
  );
}
