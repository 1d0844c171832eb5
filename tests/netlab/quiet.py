#!/usr/bin/env python3
"""Two nodes that know nobody but each other, watched: every frame that leaves either goes to the other's address.

    quiet.py --webx PROGRAM [--seconds 600]

One of them relays, so the other uses all there is: QUIC, the relay's WebSocket, address discovery. Both have a default route
and a name server, so that a packet to anybody else would leave. IPv6 is on. LAN discovery is off, as it is by default.
"""
import argparse
import collections
import ipaddress
import secrets
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

from nodes import Webx, until
from sockets import inside, udp
from spaces import PUBLIC, Home, Internet, LabError, must_be_root

NAME_SERVER = "198.51.100.53"
NOBODY = "198.51.100.9"
OUTGOING = 4
NAMES = {53: "DNS", 5353: "mDNS", 1900: "SSDP", 5355: "LLMNR", 137: "NetBIOS", 5351: "port mapping"}
# Neighbour discovery and multicast listener reports (RFC 4861, RFC 3810): the kernel's, for its own addresses.
KERNEL_ICMP6 = {130, 131, 132, 133, 135, 136, 143}


def judge(frame: bytes, peer: str) -> tuple[str, str]:
    """What a frame that leaves is: `peer`, `kernel` or something else by name; and to whom."""
    kind = struct.unpack("!H", frame[12:14])[0]
    if kind == 0x0806:
        return "kernel", "ARP"
    if kind == 0x0800 and len(frame) >= 34:
        to, protocol = ipaddress.ip_address(frame[30:34]), frame[23]
        rest = frame[14 + (frame[14] & 15) * 4:]
    elif kind == 0x86DD and len(frame) >= 54:
        to, protocol, rest = ipaddress.ip_address(frame[38:54]), frame[20], frame[54:]
        if protocol == 0 and len(rest) >= 8:
            # Hop-by-hop options stand before a listener report.
            protocol, rest = rest[0], rest[8 + rest[1] * 8:]
        if protocol == 58 and rest and rest[0] in KERNEL_ICMP6:
            return "kernel", "ICMPv6"
    else:
        return "unknown", f"ethertype {kind:#06x}"
    if protocol == 2:
        return "kernel", "IGMP"
    port = struct.unpack("!H", rest[2:4])[0] if protocol in (6, 17) and len(rest) >= 4 else 0
    where = f"{to} {({6: 'TCP', 17: 'UDP'}).get(protocol, protocol)} {port}"
    if str(to) == peer:
        return "peer", where
    if port in NAMES:
        return NAMES[port], where
    if to.is_multicast or str(to).endswith(".255"):
        return "multicast", where
    return "stranger", where


class Watch:
    """Counts every frame that leaves a namespace by `eth0`."""

    def __init__(self, space: str, peer: str):
        self.peer = peer
        self.seen: collections.Counter = collections.Counter()
        self.ended = False

        def listen() -> socket.socket:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            raw.bind(("eth0", 3))
            raw.settimeout(0.5)
            return raw

        self.socket = inside(space, listen)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.ended:
            try:
                frame, address = self.socket.recvfrom(65535)
            except TimeoutError:
                continue
            if address[2] == OUTGOING:
                self.seen[judge(frame, self.peer)] += 1

    def of(self, kind: str) -> int:
        return sum(count for (is_, _), count in self.seen.items() if is_ == kind)

    def strays(self) -> list[str]:
        return [f"{kind}: {where} ({count})" for (kind, where), count in self.seen.items() if kind not in ("peer", "kernel")]

    def end(self) -> None:
        # SOL_PACKET, PACKET_STATISTICS: packets, and those that found no room.
        _, lost = struct.unpack("II", self.socket.getsockopt(263, 6, 8))
        self.ended = True
        self.thread.join()
        self.socket.close()
        if lost:
            raise LabError(f"the watch missed {lost} frames")


def bait(space: str, watch: Watch, name: str) -> None:
    """The watch sees what it is there to see."""
    with udp(space, "0.0.0.0", 0) as one:
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        for address, port in ((NOBODY, 9), (NAME_SERVER, 53), ("224.0.0.251", 5353), ("239.255.255.250", 1900)):
            one.sendto(b"bait", (address, port))
    for kind in ("stranger", "DNS", "mDNS", "SSDP"):
        until(f"the watch of {name} sees a packet for {kind}", 20, lambda kind=kind: watch.of(kind))


def quiet(program: str, seconds: float, folder: Path, internet: Internet) -> None:
    home = Home(internet, "node", 1, "none")
    spaces = {"public": internet.public, "node": home.node}
    for space in spaces.values():
        internet.within(space, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.eth0.disable_ipv6=0")
        names = Path("/etc/netns") / space
        names.mkdir(parents=True, exist_ok=True)
        (names / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
    public, node = Webx(program, folder, "public"), Webx(program, folder, "node")
    watches = {"public": Watch(internet.public, home.outer), "node": Watch(home.node, PUBLIC)}
    try:
        public.start(internet.public).ready()
        relay = f'relay={{"port":443,"public":"{PUBLIC}:443","clients":16,"rate":4194304}}'
        if not public.ask("net", "settings", "--set", relay):
            raise LabError(f"no relay: {public.said}")
        until("the relay runs", 30, lambda: (public.ask("net", "topology") or {}).get("relay"))
        node.start(home.node).ready()
        node.join(public.ask("net", "invite")["invite"])
        start, unknown = time.monotonic(), 0
        while time.monotonic() < start + seconds:
            if not node.route(public.id):
                raise LabError(f"the peer does not answer: {node.said}")
            # Somebody whom nobody knows: the question goes to the peer and no further.
            alphabet = "abcdefghijklmnopqrstuvwxyz234567"
            stranger = "".join(secrets.choice(alphabet) for _ in range(51)) + "a"
            unknown += node.ask("net", "trace", stranger) is None
            for name, watch in watches.items():
                if watch.strays():
                    raise LabError(f"{name} sent to others after {time.monotonic() - start:.0f} s: {'; '.join(watch.strays())}")
            time.sleep(max(0.0, min(15.0, start + seconds - time.monotonic())))
        print(f"watched {time.monotonic() - start:.0f} s; {unknown} look-ups of nodes that do not exist")
        for name, watch in watches.items():
            if watch.strays():
                raise LabError(f"{name} sent to others: {'; '.join(watch.strays())}")
            if watch.of("peer") < seconds / 10:
                raise LabError(f"the watch of {name} saw too little: {dict(watch.seen)}")
            print(f"{name}: {watch.of('peer')} packets to the peer, none to others; DNS 0, mDNS 0, SSDP 0, multicast 0")
            for (kind, where), count in sorted(watch.seen.items()):
                print(f"    {kind:<7} {where:<28} {count}")
        for name, watch in watches.items():
            bait(spaces[name], watch, name)
        print("bait: the watch sees packets to strangers, DNS, mDNS and SSDP")
    finally:
        node.end()
        public.end()
        for watch in watches.values():
            watch.end()
        for space in spaces.values():
            shutil.rmtree(Path("/etc/netns") / space, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webx", required=True, help="the program webx")
    parser.add_argument("--seconds", type=float, default=600, help="how long to watch")
    asked = parser.parse_args()
    must_be_root()
    with tempfile.TemporaryDirectory(prefix="webx-quiet-") as folder, Internet() as internet:
        try:
            quiet(asked.webx, asked.seconds, Path(folder), internet)
        except LabError as error:
            print(f"FAILED  {error}")
            return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
