import type { ContactItem, Loaded } from "@webx/sdk";
import { Avatar, Button, EmptyState, ErrorState, IconButton, SearchField, SkeletonList, useLocale } from "@webx/ui";
import BadgeCheck from "lucide-react/icons/badge-check";
import Ban from "lucide-react/icons/ban";
import Files from "lucide-react/icons/files";
import IdCard from "lucide-react/icons/id-card";
import SearchX from "lucide-react/icons/search-x";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import UserPlus from "lucide-react/icons/user-plus";
import { useDeferredValue, useState } from "react";
import { found } from "./model";
import { useT } from "./strings";

/** Everybody who is known, to search and to choose from. */
export function People({
  contacts,
  asking,
  chosen,
  onOpen,
  onAdd,
  onCard,
  onCopies,
}: {
  contacts: Loaded<ContactItem[]>;
  /** Who offers a file that is not decided. */
  asking: ReadonlySet<string>;
  chosen: string | undefined;
  onOpen: (did: string) => void;
  onAdd: () => void;
  onCard: () => void;
  onCopies: () => void;
}) {
  const t = useT();
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search);
  const { data, problem, reload } = contacts;
  const shown = found(data ?? [], asked);
  return (
    <section className="con-side" aria-label={t("people")}>
      <div className="con-tools">
        <SearchField aria-label={t("search")} placeholder={t("search")} value={search} onChange={setSearch} />
        <IconButton label={t("ownCard")} onPress={onCard}>
          <IdCard />
        </IconButton>
        <IconButton label={t("copies")} onPress={onCopies}>
          <Files />
        </IconButton>
        <IconButton label={t("add")} onPress={onAdd}>
          <UserPlus />
        </IconButton>
      </div>
      <div className="con-people">
        {!data && problem && <ErrorState onRetry={reload}>{problem.message}</ErrorState>}
        {!data && !problem && <SkeletonList rows={6} height={52} />}
        {data && data.length > 0 && shown.length === 0 && (
          <EmptyState
            icon={<SearchX />}
            title={t("noMatch")}
            action={<Button onPress={() => setSearch("")}>{t("showAll")}</Button>}
          />
        )}
        {data?.length === 0 && <p className="con-quiet con-empty">{t("nobody")}</p>}
        {shown.length > 0 && (
          <ul>
            {shown.map(contact => (
              <Row
                key={contact.did}
                contact={contact}
                asks={asking.has(contact.did)}
                chosen={contact.did === chosen}
                onOpen={onOpen}
              />
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

function Row({
  contact,
  asks,
  chosen,
  onOpen,
}: {
  contact: ContactItem;
  asks: boolean;
  chosen: boolean;
  onOpen: (did: string) => void;
}) {
  const t = useT();
  const { format } = useLocale();
  const { did, name, trust, devices, met } = contact;
  const here = devices.some(device => device.connected);
  const line =
    trust === "changed"
      ? t("trust_changed")
      : trust === "blocked"
        ? t("trust_blocked")
        : asks
          ? t("asksFile")
          : here
            ? t("here")
            : met
              ? t("met", { at: format.relative(new Date(met)) })
              : t("neverMet");
  return (
    <li>
      <button type="button" className="con-row" aria-current={chosen ? "true" : undefined} onClick={() => onOpen(did)}>
        <Avatar name={name} seed={did} size={40} />
        <span className="con-row-text">
          <span className="con-row-name">
            <bdi>{name}</bdi>
          </span>
          <small className={trust === "changed" ? "con-row-changed" : undefined}>{line}</small>
        </span>
        {trust === "verified" && (
          <span className="con-sign con-sign-good" role="img" aria-label={t("trust_verified")}>
            <BadgeCheck size={18} />
          </span>
        )}
        {trust === "changed" && (
          <span className="con-sign con-sign-bad" aria-hidden="true">
            <TriangleAlert size={18} />
          </span>
        )}
        {trust === "blocked" && (
          <span className="con-sign" aria-hidden="true">
            <Ban size={18} />
          </span>
        )}
      </button>
    </li>
  );
}
