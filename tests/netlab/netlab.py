#!/usr/bin/env python3
"""Two homes behind NATs and one public node that relays: direct where theory allows, by the relay otherwise.

    netlab.py --webx PROGRAM --probe PROGRAM [--only PATTERN]

The routes are what the real program reports (`webx net ping`), held against packets counted on the interface of the relay
and of the node. The streams that change their path are the probe's (`crates/links/examples/nat_probe.rs`).
"""
import argparse
import fnmatch
import sys
import tempfile
import time
from pathlib import Path

from nodes import Probe, Webx, until
from sockets import behaviour
from spaces import KINDS, PUBLIC, Counters, Home, Internet, LabError, direct_expected, must_be_root

RELAY_PORT = 443
PINGS = 40
# The path of the pings carries at least a packet there and one back for each.
LEAST = PINGS * 2
# Packets of upkeep (keep-alives, the overlay's own pings) that may pass on the other path meanwhile: fewer than that.
NOISE = LEAST * 3 // 4
# Upkeep comes in bursts, mostly in the first seconds; the pings are counted anew, and go the same way each time.
ROUNDS = 3
RATE = 400_000


class Lab:
    """One public node for all cases; two others anew for each."""

    def __init__(self, internet: Internet, program: str, probe: str, folder: Path):
        self.internet, self.program, self.probe = internet, program, probe
        self.public, self.a, self.b = (Webx(program, folder, name) for name in ("public", "a", "b"))
        self.public.start(internet.public).ready()
        relay = f'relay={{"port":{RELAY_PORT},"public":"{PUBLIC}:{RELAY_PORT}","clients":16,"rate":4194304}}'
        if not self.public.ask("net", "settings", "--set", relay):
            raise LabError(f"no relay: {self.public.said}")
        until("the relay runs", 30, lambda: (self.public.ask("net", "topology") or {}).get("relay"))

    def nodes(self, homes: dict[str, Home]) -> None:
        """Starts both nodes and lets them join by the invite of the public one."""
        for name, home in homes.items():
            getattr(self, name).start(home.node)
        invite = self.public.ask("net", "invite")["invite"]
        for name in homes:
            node = getattr(self, name)
            node.ready()
            node.join(invite)

    def close(self) -> None:
        for node in (self.a, self.b, self.public):
            node.end()

    def counted(self, space: str, other: str) -> Counters:
        """At a node: what goes to the other by UDP, and what goes to the relay by TCP."""
        return Counters(space, {
            "direct": (f"ip saddr {other} ip protocol udp", f"ip daddr {other} ip protocol udp"),
            "relay": (f"ip saddr {PUBLIC} tcp sport {RELAY_PORT}", f"ip daddr {PUBLIC} tcp dport {RELAY_PORT}"),
        })

    def at_the_relay(self, one: str, two: str) -> Counters:
        """At the relay: TCP with the one and with the other."""
        return Counters(self.internet.public, {
            name: (f"ip saddr {home} tcp dport {RELAY_PORT}", f"ip daddr {home} tcp sport {RELAY_PORT}")
            for name, home in (("one", one), ("two", two))
        })


class Case:
    """Two homes, for as long as a case lasts."""

    def __init__(self, lab: Lab, one: str, two: str, nets: tuple[str | None, str | None] = (None, None)):
        self.lab = lab
        self.kinds, self.nets = (one, two), nets
        self.homes: dict[str, Home] = {}
        self.probes: list[Probe] = []

    def __enter__(self):
        for number, name in enumerate(("a", "b")):
            self.homes[name] = Home(self.lab.internet, name, number + 1, self.kinds[number], self.nets[number])
        return self

    def __exit__(self, *_):
        for probe in reversed(self.probes):
            probe.end()
        self.lab.a.end()
        self.lab.b.end()
        for home in self.homes.values():
            home.remove()

    def start(self, space: str, *arguments: str) -> Probe:
        probe = Probe(space, self.lab.probe, *arguments)
        self.probes.append(probe)
        return probe


def proven(lab: Lab) -> tuple[str, str]:
    """The first ping: `b` is found by the network and proves who it is."""
    kind, address, did = until("b answers a ping", 60, lambda: lab.a.route(lab.b.id))
    if did != lab.b.did:
        raise LabError(f"b proved to be {did}")
    return kind, address


def check_route(case: Case, wanted: str) -> str:
    """Settles on the wanted route and shows by counting that the pings really take it."""
    lab = case.lab
    first, _ = proven(lab)
    def settled():
        route = lab.a.route(lab.b.id)
        return route if route and route[0] == wanted else None
    start = time.monotonic()
    until(f"the route is {wanted} (began {first})", 45, settled)
    took = time.monotonic() - start
    if wanted == "relay":
        # Time for a hole to open, if one could.
        end = time.monotonic() + 8
        while time.monotonic() < end:
            route = lab.a.route(lab.b.id)
            if route and route[0] != "relay":
                raise LabError(f"theory knows no direct path, and the node reports {route[1]}")
            time.sleep(0.5)
    for _ in range(ROUNDS):
        direct, relayed = count_pings(case, wanted)
        said = f"{PINGS} pings: {direct} packets direct, {relayed} by the relay"
        used, other = (direct, relayed) if wanted == "direct" else (relayed, direct)
        if used >= LEAST and other <= NOISE:
            return f"{wanted} after {took:.0f} s (began {first}); {said}"
    raise LabError(f"reported {wanted}, but {said}")


def count_pings(case: Case, wanted: str) -> tuple[int, int]:
    """Packets between the two homes, and packets that the relay had with both."""
    lab = case.lab
    here = lab.counted(case.homes["a"].node, case.homes["b"].outer)
    there = lab.at_the_relay(case.homes["a"].outer, case.homes["b"].outer)
    for _ in range(PINGS):
        route = lab.a.route(lab.b.id)
        if not route or route[0] != wanted:
            raise LabError(f"the route changed to {route or lab.a.said}")
    at_relay = there.read()
    return here.read()["direct"][0], min(at_relay["one"][0], at_relay["two"][0])


def kinds(lab: Lab, one: str, two: str) -> str:
    with Case(lab, one, two) as case:
        lab.nodes(case.homes)
        return check_route(case, "direct" if direct_expected(one, two) else "relay")


def nat(lab: Lab, kind: str) -> str:
    """The NAT is what the table says, seen by plain sockets."""
    does = behaviour(lab.internet, kind)
    wanted = tuple((KINDS[kind] if kind != "none" else "EIM/EIF")[:8].rstrip(", ").split("/"))
    if does != wanted:
        raise LabError(f"it does {does} instead of {wanted}")
    return "/".join(does)


def same_inner_network(lab: Lab) -> str:
    """Two homes whose nodes have the same private address."""
    with Case(lab, "port", "port", ("192.168.1", "192.168.1")) as case:
        lab.nodes(case.homes)
        return check_route(case, "direct")


def blocked(lab: Lab, one: str, two: str) -> str:
    """No UDP passes the gateways of those that are blocked: TLS at port 443 of the public node carries everything."""
    with Case(lab, "port", "port") as case:
        shut = [home for home, kind in zip(case.homes.values(), (one, two)) if kind == "blocked"]
        for home in shut:
            home.cut("ip protocol udp")
        lab.nodes(case.homes)
        said = check_route(case, "relay")
        found = lab.a.ask("net", "trace", lab.b.id)
        if not found or found["id"] != lab.b.id or not found["relays"]:
            raise LabError(f"the look-up says {found}")
        if not lab.b.route(lab.public.id):
            raise LabError(f"the public node does not answer b: {lab.b.said}")
        ids = {peer["id"] for peer in lab.a.ask("net", "peers") or []}
        if lab.public.id not in ids:
            raise LabError("a is not connected with the public node")
        for home in shut:
            rules = lab.internet.within(home.gates[0], "nft", "list", "chain", "ip", "lab", "cut")
            if "packets 0 " in rules:
                raise LabError("no UDP was tried: the rule was not tested")
        return f"joined, proved, found, {said}"


def stream(case: Case) -> tuple[Probe, Counters, Counters]:
    """A stream from a to b that has begun."""
    lab = case.lab
    relay = case.start(lab.internet.public, "relay", "9", f"{PUBLIC}:8443").until("relay")[1]
    listener = case.start(case.homes["b"].node, "listen", "2", relay)
    node, addresses = listener.until("node")[1], []
    while (line := listener.next()) != ["ready"]:
        addresses.append(line[1])
    sender = case.start(case.homes["a"].node, "send", "1", relay, node, str(RATE), *addresses)
    port = 8443
    at = Counters(lab.internet.public, {"relay": (f"tcp dport {port}", f"tcp sport {port}")})
    here = Counters(case.homes["a"].node, {"direct": ("ip saddr 203.0.113.20 ip protocol udp", "ip daddr 203.0.113.20 ip protocol udp")})
    return sender, at, here


def whole(sender: Probe) -> tuple[int, str]:
    """Ends the stream; says how much came, all of it and unchanged."""
    sender.tell()
    sent = sender.until("sent")[1:]
    came = sender.until("came")[1:]
    route = sender.until("route")[1]
    if sent != came:
        raise LabError(f"sent {sent}, came {came}")
    return int(sent[0]), route


def flows(at: Counters, here: Counters, wanted: str) -> None:
    """Looks for two seconds where the bytes go."""
    before = at.read()["relay"][1], here.read()["direct"][1]
    time.sleep(2)
    after = at.read()["relay"][1], here.read()["direct"][1]
    relay, direct = after[0] - before[0], after[1] - before[1]
    used, other = (direct, relay) if wanted == "direct" else (relay, direct)
    if used < RATE or other > RATE // 4:
        raise LabError(f"the stream should go {wanted}; in 2 s {direct} bytes went direct, {relay} by the relay")


def upgrade(lab: Lab) -> str:
    """Begins by the relay, since nothing direct passes; then it does."""
    with Case(lab, "port", "port") as case:
        case.homes["a"].cut(f"ip daddr {case.homes['b'].outer} ip protocol udp")
        sender, at, here = stream(case)
        sender.until("path", "relay")
        flows(at, here, "relay")
        case.homes["a"].mend()
        start = time.monotonic()
        sender.until("path", "direct", seconds=100)
        took = time.monotonic() - start
        time.sleep(3)
        flows(at, here, "direct")
        count, route = whole(sender)
        if route != "direct":
            raise LabError(f"ended {route}")
        return f"relay, then direct {took:.0f} s after it became possible: {count} bytes, hashes equal"


def downgrade(lab: Lab) -> str:
    """Direct at first; then a rule cuts the direct path, and the stream goes on by the relay; then it comes back."""
    with Case(lab, "port", "port") as case:
        sender, at, here = stream(case)
        sender.until("path", "direct")
        time.sleep(1)
        flows(at, here, "direct")
        case.homes["a"].cut(f"ip daddr {case.homes['b'].outer} ip protocol udp")
        case.homes["b"].cut(f"ip daddr {case.homes['a'].outer} ip protocol udp")
        start = time.monotonic()
        sender.until("path", "relay", seconds=60)
        took = time.monotonic() - start
        time.sleep(2)
        flows(at, here, "relay")
        for home in case.homes.values():
            home.mend()
        start = time.monotonic()
        sender.until("path", "direct", seconds=100)
        back = time.monotonic() - start
        time.sleep(3)
        flows(at, here, "direct")
        count, route = whole(sender)
        if route != "direct":
            raise LabError(f"ended {route}")
        return f"direct, relay {took:.0f} s after the cut, direct {back:.0f} s after the mending: {count} bytes, hashes equal"


def cases() -> list:
    names = list(KINDS)
    pairs = [(one, two) for place, one in enumerate(names) for two in names[place:]]
    tests = [(f"nat-{kind}", lambda lab, kind=kind: nat(lab, kind)) for kind in names]
    tests += [(f"{one}-{two}", lambda lab, one=one, two=two: kinds(lab, one, two)) for one, two in pairs]
    tests += [
        ("same-inner-network", same_inner_network),
        ("blocked-port", lambda lab: blocked(lab, "blocked", "port")),
        ("blocked-blocked", lambda lab: blocked(lab, "blocked", "blocked")),
        ("stream-relay-to-direct", upgrade),
        ("stream-direct-to-relay-and-back", downgrade),
    ]
    return tests


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webx", required=True, help="the program webx")
    parser.add_argument("--probe", required=True, help="the example nat_probe of crates/links")
    parser.add_argument("--only", default="*", help="names of cases, with wildcards")
    asked = parser.parse_args()
    must_be_root()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="webx-netlab-") as folder, Internet() as internet:
        lab = Lab(internet, asked.webx, asked.probe, Path(folder))
        try:
            for name, test in cases():
                if not fnmatch.fnmatch(name, asked.only):
                    continue
                start = time.monotonic()
                try:
                    print(f"ok      {name}: {test(lab)} [{time.monotonic() - start:.0f} s]", flush=True)
                except LabError as error:
                    failed += 1
                    print(f"FAILED  {name}: {error} [{time.monotonic() - start:.0f} s]", flush=True)
        finally:
            lab.close()
    print(f"{failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
