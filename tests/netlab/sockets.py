"""Sockets of this process in other namespaces: what shows that the lab itself is what it says."""
import ctypes
import os
import socket
import threading

from spaces import PORT, PUBLIC, Home, Internet, LabError

_LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def inside(space: str, make):
    """Does something in a namespace; what it opens stays there."""
    made = {}

    def enter() -> None:
        try:
            handle = os.open(f"/var/run/netns/{space}", os.O_RDONLY)
            try:
                # Of this thread alone, which ends here.
                if _LIBC.setns(handle, CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(handle)
            made["value"] = make()
        except OSError as error:
            made["error"] = error

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if "error" in made:
        raise LabError(f"in {space}: {made['error']}")
    return made["value"]


def udp(space: str, address: str, port: int) -> socket.socket:
    def make() -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((address, port))
        one.settimeout(0.4)
        return one
    return inside(space, make)


def came(one: socket.socket):
    try:
        return one.recvfrom(100)
    except TimeoutError:
        return None


def behaviour(internet: Internet, kind: str) -> tuple[str, str]:
    """What a NAT of this kind does, in the words of RFC 4787: its mapping and its filter."""
    home = Home(internet, "n", 3, kind)
    node = udp(home.node, "0.0.0.0", PORT)
    known, sibling = udp(internet.public, PUBLIC, 5001), udp(internet.public, PUBLIC, 5002)
    stranger = udp(internet.wan, "203.0.113.254", 5003)
    try:
        node.sendto(b"hello", (PUBLIC, 5001))
        seen = came(known)
        if not seen:
            raise LabError("nothing comes out")
        outside = seen[1]
        def enters(one: socket.socket) -> bool:
            one.sendto(b"knock", outside)
            return came(node) is not None
        if not enters(known):
            raise LabError("no answer comes in")
        filters = "APDF" if not enters(sibling) else "ADF" if not enters(stranger) else "EIF"
        node.sendto(b"hello", (PUBLIC, 5002))
        again = came(sibling)
        return ("EIM" if again and again[1] == outside else "EDM"), filters
    finally:
        for one in (node, known, sibling, stranger):
            one.close()
        home.remove()
