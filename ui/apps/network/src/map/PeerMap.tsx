import type { NetworkPeer, NetworkPoint } from "@webx/sdk";
import { cx, Toolbar, useLocale } from "@webx/ui";
import { useMemo } from "react";
import { nameOf, RATINGS, roundTrip, wayOf } from "../labels";
import { useT } from "../strings";
import { layout, type Place } from "./place";

/** Names beside more dots than these would cover each other. */
const NAMED = 16;

const at = ({ x, y }: Pick<Place, "x" | "y">) => ({ left: `${50 + x * 50}%`, top: `${50 + y * 50}%` });

/**
 * The own node in the middle, every peer as far away as its round trip is long. The list beside it says the same in words;
 * the dots are one tab stop and the arrow keys go from one to the next.
 */
export function PeerMap({
  peers,
  own,
  onOpen,
}: {
  peers: readonly NetworkPeer[];
  own: NetworkPoint;
  onOpen: (id: string) => void;
}) {
  const t = useT();
  const { format } = useLocale();
  const { places, rings, left } = useMemo(() => layout(peers, own), [peers, own]);
  const rated = RATINGS.filter(rating => peers.some(peer => peer.rating === rating));
  return (
    <figure className="net-map" aria-label={t("mapLabel", { count: peers.length })}>
      <div className="net-map-field">
        <svg viewBox="-100 -100 200 200" aria-hidden="true">
          {rings.map(ring => (
            <g key={ring.at}>
              <circle className="net-ring" r={ring.radius * 100} />
              <text className="net-ring-text" x={0} y={-ring.radius * 100 - 1.5}>
                {t("ms", { ms: ring.at })}
              </text>
            </g>
          ))}
          {places
            .filter(({ peer }) => peer.neighbour)
            .map(({ peer, x, y }) => (
              <line key={peer.id} className={`net-link net-is-${peer.rating}`} x2={x * 100} y2={y * 100} />
            ))}
          <circle className="net-own" r={5} />
        </svg>
        <Toolbar label={t("mapPeers")} className="net-map-peers">
          {places.map(({ peer, x, y }) => (
            <button
              key={peer.id}
              type="button"
              className={cx("net-dot", `net-is-${peer.rating}`, peer.contact != null && "net-dot-contact")}
              style={at({ x, y })}
              title={nameOf(peer)}
              aria-label={t("mapPeer", {
                name: nameOf(peer),
                rtt: roundTrip(peer.rttMicros, format, t),
                way: wayOf(peer, t),
                rating: t(`rating_${peer.rating}`),
              })}
              onClick={() => onOpen(peer.id)}
            >
              <span aria-hidden="true" />
            </button>
          ))}
        </Toolbar>
        <div aria-hidden="true" className="net-map-names">
          <span style={at({ x: 0, y: 0.05 })}>{t("you")}</span>
          {places
            .filter(({ peer }) => peer.contact != null || (peers.length <= NAMED && peer.neighbour))
            .slice(0, NAMED)
            .map(({ peer, x, y }) => (
              <span
                key={peer.id}
                className={peer.contact == null ? "net-name-id" : undefined}
                style={at({ x, y: y + 0.05 })}
              >
                <bdi>{nameOf(peer)}</bdi>
              </span>
            ))}
        </div>
      </div>
      <figcaption className="net-legend">
        {rated.map(rating => (
          <span key={rating}>
            <span className={`net-swatch net-is-${rating}`} aria-hidden="true" />
            {t(`rating_${rating}`)}
          </span>
        ))}
        <span>
          <span className="net-swatch-link" aria-hidden="true" />
          {t("neighbour")}
        </span>
        {left > 0 && <span className="net-quiet">{t("mapLeft", { count: left })}</span>}
      </figcaption>
    </figure>
  );
}
