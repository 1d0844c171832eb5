#!/usr/bin/env python3
"""Two fresh nodes in one local network find each other without an invite, and only once their persons want that.

    lan.py --webx PROGRAM [--seconds 60]

The network is a bridge with addresses of 192.168.77.0/24, a default route and a name server, so that a packet to anybody else
would leave. A third machine on it announces nodes that do not exist, by the thousand.
"""
import argparse
import random
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path

from nodes import Webx, until
from sockets import udp
from spaces import Internet, LabError, must_be_root
from watch import Watch, watched

NET = "192.168.77"
GROUP = ("224.0.0.251", 5353)
SERVICE = b"\x05_webx\x04_udp\x05local\x00"
FLOOD = 30_000
# Megabytes that a node may grow by while it is flooded.
GROWTH = 16


def strays(watch: Watch) -> list[str]:
    """Frames for others than the peer; multicast DNS for its group is what was asked for."""
    wanted = ("mDNS", f"{GROUP[0]} UDP {GROUP[1]}")
    return [f"{kind}: {where} ({count})" for (kind, where), count in watch.seen.items()
            if kind not in ("peer", "kernel") and (kind, where) != wanted]


def said(watch: Watch) -> int:
    return watch.of("mDNS")


def announcement(name: str, port: int) -> bytes:
    """As the protocol page has it, without what the receiver does not read."""
    instance = bytes([len(name)]) + name.encode() + b"\xc0\x0c"
    body = SERVICE + struct.pack("!HHIH", 12, 1, 120, len(instance)) + instance
    srv = struct.pack("!3H", 0, 0, port) + b"\x01x\x05local\x00"
    named = 12 + len(SERVICE) + 10
    return struct.pack("!6H", 0, 0x8400, 0, 1, 0, 1) + body + struct.pack("!HHHIH", 0xC000 | named, 33, 0x8001, 120, len(srv)) + srv


def flood(space: str, seed: int) -> None:
    """Announcements of keys that nobody has, from many addresses of the network, and noise."""
    chance = random.Random(seed)
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    addresses = [f"{NET}.{last}" for last in range(100, 200)]
    for address in addresses:
        Internet.within(space, "ip", "addr", "add", f"{address}/24", "dev", "eth0")
    speakers = []
    for address in addresses:
        one = udp(space, address, GROUP[1])
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        speakers.append(one)
    for count in range(FLOOD):
        name = "".join(chance.choice(letters) for _ in range(51)) + "a"
        what = announcement(name, 1 + chance.randrange(65535))
        if count % 3 == 0:
            what = chance.randbytes(chance.randrange(1400))
        elif count % 3 == 1:
            what = what[:chance.randrange(len(what))] + chance.randbytes(chance.randrange(64))
        speakers[count % len(speakers)].sendto(what, GROUP)
    for one in speakers:
        one.close()


def memory(node: Webx) -> float:
    """Megabytes."""
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def lan(program: str, seconds: float, folder: Path, internet: Internet, seed: int) -> None:
    places = {"a": 1, "b": 2, "mallory": 66}
    spaces = {}
    for name, last in places.items():
        spaces[name] = space = internet.space(name)
        internet.plugs += 1
        port = f"w{internet.plugs}"
        internet.within(internet.wan, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
        internet.within(internet.wan, "ip", "link", "set", port, "master", "hub", "up")
        internet.configure(space, "eth0", f"{NET}.{last}", f"{NET}.254")
    internet.within(internet.wan, "ip", "addr", "add", f"{NET}.254/24", "dev", "hub")
    a, b = Webx(program, folder, "a"), Webx(program, folder, "b")
    watches = {"a": Watch(spaces["a"], f"{NET}.{places['b']}"), "b": Watch(spaces["b"], f"{NET}.{places['a']}")}
    with watched([a, b], list(watches.values()), list(spaces.values())):
        for node in (a, b):
            seen = node.start(spaces[node.name]).ready()
            if seen["lan"]["status"] != "off":
                raise LabError(f"LAN discovery is {seen['lan']['status']} by default")
        time.sleep(20)
        for node, watch in ((a, watches["a"]), (b, watches["b"])):
            if watch.strays() or node.ask("net", "peers"):
                raise LabError(f"{node.name} is not quiet while LAN discovery is off: {watch.strays()}")
        print("off: 20 s without a peer and without a packet")

        for node in (a, b):
            if not node.ask("net", "settings", "--set", "lanDiscovery=true"):
                raise LabError(f"it is not switched on: {node.said}")
        begin = time.monotonic()

        def neighbours() -> bool:
            return all(any(peer["id"] == other.id and peer["lan"] and peer["neighbour"] for peer in node.ask("net", "peers") or [])
                       for node, other in ((a, b), (b, a)))

        until("both are neighbours, found in the local network", 60, neighbours)
        print(f"on: neighbours of each other after {time.monotonic() - begin:.1f} s, without an invite")
        kind, address, did = until("b answers a ping", 30, lambda: a.route(b.id))
        if (kind, did) != ("direct", b.did) or not address.startswith(f"{NET}.{places['b']}:"):
            raise LabError(f"the ping went {kind} to {address} and {did} answered")
        print(f"a pinged b at {address}; b proved its DID")

        # From now on nothing but the peer and the group of multicast DNS.
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            for name, watch in watches.items():
                if strays(watch):
                    raise LabError(f"{name} sent to others: {'; '.join(strays(watch))}")
            time.sleep(2)
        for name, watch in watches.items():
            print(f"{name}: {watch.of('peer')} packets to the peer, {said(watch)} of multicast DNS, none to others in {seconds:.0f} s")
            if not 3 <= said(watch) <= 60:
                raise LabError(f"{name} spoke {said(watch)} times to the group")

        before = {node.name: memory(node) for node in (a, b)}
        spoken = {name: said(watch) for name, watch in watches.items()}
        begin = time.monotonic()
        flood(spaces["mallory"], seed)
        took = time.monotonic() - begin
        time.sleep(10)
        for node, other in ((a, b), (b, a)):
            if not node.route(other.id):
                raise LabError(f"{node.name} does not reach its peer after the flood: {node.said}")
            grown = memory(node) - before[node.name]
            known = node.ask("net", "topology")["lan"]["found"]
            print(f"{node.name}: after {FLOOD} hostile datagrams in {took:.1f} s {grown:+.1f} MB, {known} node known from the network")
            if grown > GROWTH or known != 1:
                raise LabError(f"{node.name} grew by {grown:.1f} MB and knows {known} nodes")
        dialled = {name: [where for (kind, where), _ in watch.seen.items() if kind == "stranger"] for name, watch in watches.items()}
        for name, watch in watches.items():
            others = [each for each in strays(watch) if f"{NET}." not in each]
            if others:
                raise LabError(f"{name} sent to others during the flood: {others}")
            # 16 introductions in a row and one a minute.
            if len(dialled[name]) > 20:
                raise LabError(f"{name} dialled {len(dialled[name])} of the announced")
            print(f"{name}: dialled {len(dialled[name])} of the announced, each where it spoke from; "
                  f"spoke {said(watch) - spoken[name]} times to the group meanwhile")

        for node in (a, b):
            node.ask("net", "settings", "--set", "lanDiscovery=false")
        time.sleep(3)
        spoken = {name: said(watch) for name, watch in watches.items()}
        with udp(spaces["mallory"], f"{NET}.{places['mallory']}", GROUP[1]) as one:
            for _ in range(5):
                one.sendto(struct.pack("!6H", 0, 0, 1, 0, 0, 0) + SERVICE + struct.pack("!HH", 12, 1), GROUP)
                time.sleep(1)
        for name, watch in watches.items():
            if said(watch) != spoken[name]:
                raise LabError(f"{name} answers after LAN discovery was switched off")
        print("off again: five questions get no answer")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webx", required=True, help="the program webx")
    parser.add_argument("--seconds", type=float, default=60, help="how long to watch")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the flood")
    asked = parser.parse_args()
    must_be_root()
    print(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="webx-lan-") as folder, Internet() as internet:
        try:
            lan(asked.webx, asked.seconds, Path(folder), internet, asked.seed)
        except LabError as error:
            print(f"FAILED  {error}")
            return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
