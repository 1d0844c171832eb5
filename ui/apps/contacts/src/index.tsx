/** Contacts: the people one knows, their devices, and whether they are still the same. */
import { useLaunch } from "@webx/sdk";
import { Button, EmptyState } from "@webx/ui";
import ContactRound from "lucide-react/icons/contact-round";
import IdCard from "lucide-react/icons/id-card";
import UserPlus from "lucide-react/icons/user-plus";
import { useEffect, useMemo, useState } from "react";
import { Add } from "./Add";
import { Copies } from "./Copies";
import { OwnCard } from "./OwnCard";
import { Pane } from "./Page";
import { People } from "./People";
import { Person } from "./Person";
import { useT } from "./strings";
import { useContacts, useTransfers } from "./useContacts";
import "./contacts.css";

/** What stands beside the list. */
export type Place = { kind: "person"; did: string } | { kind: "add"; text: string } | { kind: "card" | "copies" };

/** What a link asks for: `windows.open("contacts", { did })` or `{ add: "did:…" }`. */
export function placeOf(args: unknown): Place | undefined {
  if (typeof args !== "object" || args === null) return undefined;
  const { did, add } = args as { did?: unknown; add?: unknown };
  if (typeof did === "string") return { kind: "person", did };
  return typeof add === "string" ? { kind: "add", text: add } : undefined;
}

export default function App() {
  const t = useT();
  const launch = useLaunch();
  const contacts = useContacts();
  const transfers = useTransfers();
  const asking = useMemo(
    () => new Set(transfers.data?.filter(each => each.incoming && each.state === "offered").map(each => each.did)),
    [transfers.data],
  );
  const [place, setPlace] = useState(() => placeOf(launch.args));
  useEffect(() => {
    const wanted = placeOf(launch.args);
    if (wanted) setPlace(wanted);
  }, [launch]);
  const close = () => setPlace(undefined);
  const open = (did: string) => setPlace({ kind: "person", did });
  return (
    <div
      className="con"
      data-open={place !== undefined || undefined}
      data-empty={contacts.data?.length === 0 || undefined}
    >
      <h1 className="wx-visually-hidden">{t("title")}</h1>
      <People
        contacts={contacts}
        asking={asking}
        chosen={place?.kind === "person" ? place.did : undefined}
        onOpen={open}
        onAdd={() => setPlace({ kind: "add", text: "" })}
        onCard={() => setPlace({ kind: "card" })}
        onCopies={() => setPlace({ kind: "copies" })}
      />
      {place === undefined ? (
        <div className="con-none">
          <EmptyState
            icon={<ContactRound />}
            title={t(contacts.data?.length === 0 ? "first" : "choose")}
            action={
              <>
                <Button icon={<IdCard />} onPress={() => setPlace({ kind: "card" })}>
                  {t("ownCard")}
                </Button>
                <Button variant="primary" icon={<UserPlus />} onPress={() => setPlace({ kind: "add", text: "" })}>
                  {t("add")}
                </Button>
              </>
            }
          >
            {t("firstText")}
          </EmptyState>
        </div>
      ) : (
        <Pane key={place.kind === "person" ? place.did : place.kind} onBack={close}>
          {place.kind === "person" && <Person did={place.did} onGone={close} />}
          {place.kind === "add" && <Add key={place.text} text={place.text} onAdded={open} />}
          {place.kind === "card" && <OwnCard />}
          {place.kind === "copies" && <Copies />}
        </Pane>
      )}
    </div>
  );
}
