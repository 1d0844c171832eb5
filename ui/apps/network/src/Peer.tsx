import { type Fitness, type NetworkPeerDetail, type Ping, toProblem, useOs } from "@webx/sdk";
import { Avatar, Badge, Button, ErrorState, IconButton, KeyValue, Notice, SkeletonList, useLocale } from "@webx/ui";
import ArrowLeft from "lucide-react/icons/arrow-left";
import ArrowRight from "lucide-react/icons/arrow-right";
import ContactRound from "lucide-react/icons/contact-round";
import Radio from "lucide-react/icons/radio";
import Server from "lucide-react/icons/server";
import UserPlus from "lucide-react/icons/user-plus";
import { useEffect, useRef, useState } from "react";
import { nameOf, protocolName, roundTrip, TONES, wayOf } from "./labels";
import { Group } from "./Page";
import { Trusted } from "./Peers";
import { useT } from "./strings";
import { usePeer } from "./useNetwork";

/** One node: who stands behind it, the ways to it, what it is worth and why. */
export function Peer({ id, onBack }: { id: string; onBack: () => void }) {
  const t = useT();
  const { dir } = useLocale();
  const peer = usePeer(id);
  const bar = useRef<HTMLDivElement>(null);
  // The row that was pressed is gone; the keyboard goes on here.
  useEffect(() => bar.current?.querySelector("button")?.focus(), []);
  return (
    <div className="net-page net-narrow">
      <div ref={bar} className="net-back">
        <IconButton label={t("back")} onPress={onBack}>
          {dir === "rtl" ? <ArrowRight /> : <ArrowLeft />}
        </IconButton>
      </div>
      {peer.data ? (
        <Detail peer={peer.data} onChange={peer.reload} />
      ) : peer.problem ? (
        <ErrorState level={1} title={t("peerFailed")} onRetry={peer.reload}>
          {peer.problem.message}
        </ErrorState>
      ) : (
        <SkeletonList rows={5} height={72} />
      )}
    </div>
  );
}

function Detail({ peer, onChange }: { peer: NetworkPeerDetail; onChange: () => void }) {
  const t = useT();
  const os = useOs();
  const { contact, did } = peer;
  return (
    <>
      <header className="net-head">
        {contact == null ? (
          <span className="net-head-icon" aria-hidden="true">
            <Server size={28} />
          </span>
        ) : (
          <Avatar name={contact} {...(did ? { seed: did } : {})} size={56} />
        )}
        <div className="net-head-text">
          <h1>
            <bdi>{nameOf(peer)}</bdi> <Trusted trust={peer.trust} />
          </h1>
          <p className="net-head-line">
            <Badge tone={peer.connection ? "success" : "neutral"}>
              {t(peer.connection ? "connected" : "notConnected")}
            </Badge>
            {peer.connection?.neighbour && <Badge tone="accent">{t("neighbour")}</Badge>}
            {peer.connection?.lan && <Badge>{t("fromLan")}</Badge>}
            {peer.serves && <Badge>{t("serves")}</Badge>}
          </p>
        </div>
        {did && (
          <Button
            icon={contact == null ? <UserPlus /> : <ContactRound />}
            onPress={() => os.windows.open("contacts", contact == null ? { add: did } : { did })}
          >
            {t(contact == null ? "addContact" : "openContact")}
          </Button>
        )}
      </header>
      <Reach id={peer.id} onDone={onChange} />
      <Facts peer={peer} />
      <Rated fitness={peer.fitness} />
    </>
  );
}

/** Asks the node to answer, and says how it did. */
function Reach({ id, onDone }: { id: string; onDone: () => void }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const [busy, setBusy] = useState(false);
  const [pong, setPong] = useState<Ping>();
  const [refused, setRefused] = useState<string>();
  const ping = async () => {
    setBusy(true);
    setRefused(undefined);
    try {
      setPong(await os.network.ping(id));
      onDone();
    } catch (reason) {
      setPong(undefined);
      setRefused(toProblem(reason).message);
    }
    setBusy(false);
  };
  const path = pong?.paths.find(each => each.selected);
  return (
    <Group title={t("reach")} text={t("reachText")}>
      <div className="net-actions">
        <Button icon={<Radio />} isPending={busy} onPress={ping}>
          {t("ping")}
        </Button>
      </div>
      <div role="status">
        {pong && (
          <Notice level="success" title={t("pong", { rtt: roundTrip(pong.rttMicros, format, t) })}>
            {path && (
              <>
                {t(`path_${path.kind}`)} <bdi dir="ltr">{path.address}</bdi>
              </>
            )}
          </Notice>
        )}
      </div>
      {refused && (
        <Notice level="error" title={t("noPong")}>
          {refused}
        </Notice>
      )}
    </Group>
  );
}

function Facts({ peer }: { peer: NetworkPeerDetail }) {
  const t = useT();
  const os = useOs();
  const { format } = useLocale();
  const { connection } = peer;
  const addresses = (list: readonly string[]) => (
    <span className="net-addresses" dir="ltr">
      {list.map(each => (
        <code key={each}>{each}</code>
      ))}
    </span>
  );
  return (
    <Group title={t("facts")}>
      <KeyValue
        onCopy={text => os.clipboard.writeText(text)}
        items={[
          { label: t("node"), value: peer.id, mono: true, copy: peer.id },
          peer.did
            ? { label: t("did"), value: peer.did, mono: true, copy: peer.did }
            : { label: t("did"), value: t("didUnknown") },
          ...(connection
            ? [
                {
                  label: t("way"),
                  value: (
                    <>
                      {wayOf(connection, t)} {connection.address && <bdi dir="ltr">{connection.address}</bdi>}
                    </>
                  ),
                },
                { label: t("rtt"), value: roundTrip(connection.rttMicros, format, t) },
                {
                  label: t("protocols"),
                  value: format.list(connection.protocols.map(each => protocolName(each, t))) || "–",
                },
                { label: t("behaviour"), value: t(connection.score < 0 ? "behaviourBad" : "behaviourGood") },
              ]
            : []),
          { label: t("addresses"), value: peer.addresses.length > 0 ? addresses(peer.addresses) : t("addressesNone") },
          ...(peer.relays.length > 0 ? [{ label: t("relays"), value: addresses(peer.relays) }] : []),
          ...(peer.seen ? [{ label: t("seen"), value: format.datetime(new Date(peer.seen)) }] : []),
        ]}
      />
    </Group>
  );
}

/** The rating as a word, and what it comes from, the worst first. */
function Rated({ fitness }: { fitness: Fitness }) {
  const t = useT();
  const { format } = useLocale();
  const known = fitness.reasons.flatMap(({ effect, ...reason }) =>
    effect === "missing" ? [] : [{ ...reason, effect }],
  );
  const missing = fitness.reasons.filter(reason => reason.effect === "missing");
  const measured = ({ unit, value, p95 }: Fitness["reasons"][number]["measured"]): string => {
    if (unit === "share") return format.percent(value);
    if (unit === "bytesPerSecond") return format.rate(value);
    const median = t("ms", { ms: format.number(Math.round(value)) });
    return p95 == null ? median : t("median", { median, most: t("ms", { ms: format.number(Math.round(p95)) }) });
  };
  return (
    <Group title={t("fitness")} text={t("fitnessText")}>
      <p className="net-rated">
        <Badge tone={TONES[fitness.rating]}>{t(`rating_${fitness.rating}`)}</Badge>
        <span>{t(`rating_${fitness.rating}_text`)}</span>
      </p>
      {known.length > 0 && (
        <ul className="net-reasons" aria-label={t("reasons")}>
          {known.map(reason => (
            <li key={reason.dimension}>
              <span className={`net-effect net-effect-${reason.effect}`}>{t(`effect_${reason.effect}`)}</span>
              <span className="net-reason">
                <strong>{t(`dimension_${reason.dimension}`)}</strong>
                <small>
                  {measured(reason.measured)} · {t("atLeast", { value: reason.value })}
                </small>
                <small>
                  {t(
                    reason.receipts + reason.hearsay === 0
                      ? "evidenceOwn"
                      : reason.own === 0
                        ? "evidenceOthers"
                        : "evidenceBoth",
                  )}
                </small>
              </span>
            </li>
          ))}
        </ul>
      )}
      {missing.length > 0 && (
        <p className="net-quiet">
          {t("missing", { list: format.list(missing.map(({ dimension }) => t(`dimension_${dimension}`))) })}
        </p>
      )}
    </Group>
  );
}
