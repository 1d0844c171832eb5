"""What leaves a namespace, frame by frame; and a name server there that nobody is."""
import collections
import contextlib
import ipaddress
import shutil
import socket
import struct
import threading
from pathlib import Path

from nodes import Webx
from sockets import inside
from spaces import LabError

NAME_SERVER = "198.51.100.53"
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


@contextlib.contextmanager
def watched(nodes: list[Webx], watches: list[Watch], spaces: list[str]):
    """Gives the namespaces a name server, so that a question to one would leave; ends nodes and watches in any case."""
    try:
        for space in spaces:
            names = Path("/etc/netns") / space
            names.mkdir(parents=True, exist_ok=True)
            (names / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        yield
    finally:
        for node in nodes:
            node.end()
        try:
            for watch in watches:
                watch.end()
        finally:
            for space in spaces:
                shutil.rmtree(Path("/etc/netns") / space, ignore_errors=True)
