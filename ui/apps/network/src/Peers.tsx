import type { NetworkPeer } from "@webx/sdk";
import { Avatar, Badge, useLocale } from "@webx/ui";
import BadgeCheck from "lucide-react/icons/badge-check";
import Server from "lucide-react/icons/server";
import TriangleAlert from "lucide-react/icons/triangle-alert";
import { nameOf, roundTrip, TONES, wayOf } from "./labels";
import { useT } from "./strings";

/** Contacts first, then neighbours, then the nearest. */
export function inOrder(peers: readonly NetworkPeer[]): NetworkPeer[] {
  const far = (peer: NetworkPeer) => peer.rttMicros ?? Number.POSITIVE_INFINITY;
  return peers.toSorted(
    (a, b) =>
      Number(b.contact != null) - Number(a.contact != null) ||
      Number(b.neighbour) - Number(a.neighbour) ||
      (far(a) === far(b) ? a.id.localeCompare(b.id) : far(a) - far(b)),
  );
}

/** Everybody who is connected, in words. */
export function Peers({ peers, onOpen }: { peers: readonly NetworkPeer[]; onOpen: (id: string) => void }) {
  const t = useT();
  const { format } = useLocale();
  return (
    <section className="net-peers" aria-label={t("peers")}>
      <h2>{t("peers")}</h2>
      <ul>
        {inOrder(peers).map(peer => (
          <li key={peer.id}>
            <button type="button" className="net-row" onClick={() => onOpen(peer.id)}>
              {peer.contact == null ? (
                <span className="net-row-icon" aria-hidden="true">
                  <Server size={18} />
                </span>
              ) : (
                <Avatar name={peer.contact} {...(peer.did ? { seed: peer.did } : {})} size={36} />
              )}
              <span className="net-row-text">
                <span className="net-row-name">
                  <bdi>{nameOf(peer)}</bdi>
                  <Trusted trust={peer.trust} />
                </span>
                <small>
                  {wayOf(peer, t)} · {roundTrip(peer.rttMicros, format, t)}
                  {peer.neighbour && <> · {t("neighbour")}</>}
                  {peer.lan && <> · {t("fromLan")}</>}
                </small>
              </span>
              <Badge tone={TONES[peer.rating]}>{t(`rating_${peer.rating}`)}</Badge>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How far the person behind a node is known. */
export function Trusted({ trust }: { trust: NetworkPeer["trust"] }) {
  const t = useT();
  if (trust !== "verified" && trust !== "changed") return null;
  return (
    <span
      className={`net-trust net-trust-${trust}`}
      role="img"
      aria-label={t(`trust_${trust}`)}
      title={t(`trust_${trust}`)}
    >
      {trust === "verified" ? <BadgeCheck size={16} /> : <TriangleAlert size={16} />}
    </span>
  );
}
