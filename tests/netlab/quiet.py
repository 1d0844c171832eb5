#!/usr/bin/env python3
"""Two nodes that know nobody but each other, watched: every frame that leaves either goes to the other's address.

    quiet.py --webx PROGRAM [--seconds 600]

One of them relays, so the other uses all there is: QUIC, the relay's WebSocket, address discovery. Both have a default route
and a name server, so that a packet to anybody else would leave. IPv6 is on. LAN discovery is off, as it is by default.
"""
import argparse
import secrets
import socket
import sys
import tempfile
import time
from pathlib import Path

from nodes import Webx, until
from sockets import udp
from spaces import PUBLIC, Home, Internet, LabError, must_be_root
from watch import NAME_SERVER, Watch, watched

NOBODY = "198.51.100.9"
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
    public, node = Webx(program, folder, "public"), Webx(program, folder, "node")
    watches = {"public": Watch(internet.public, home.outer), "node": Watch(home.node, PUBLIC)}
    with watched([node, public], list(watches.values()), list(spaces.values())):
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
