#!/usr/bin/env python3
"""A node whose only peer is gone comes back by the last resort that its person wrote down, and calls nobody before.

    last_resort.py --webx PROGRAM

The last resort is named in the hosts file of the node's namespace; a question to a name server would leave and be seen.
"""
import argparse
import sys
import tempfile
import time
from pathlib import Path

from nodes import Webx, until
from spaces import PORT, PUBLIC, Home, Internet, LabError, must_be_root
from watch import Watch, watched

NAME = "resort.example"
# How long a node is alone before it calls (crates/overlay, node/last_resort.rs).
ALONE = 120


def beside(watch: Watch, allowed: str) -> list[str]:
    """Frames for others than the peer and the last resort."""
    return [each for each in watch.strays() if not each.startswith(f"stranger: {allowed} ")]


def outcome(node: Webx) -> str:
    return (node.ask("net", "last-resort", "ls") or [{}])[0].get("outcome", "")


def last_resort(program: str, folder: Path, internet: Internet) -> None:
    homes = {name: Home(internet, name, number, "none") for name, number in (("a", 1), ("b", 2))}
    a, b, resort = (Webx(program, folder, name) for name in ("a", "b", "resort"))
    watch = Watch(homes["a"].node, homes["b"].outer)
    spaces = [internet.public, *(home.node for home in homes.values())]
    with watched([a, b, resort], [watch], spaces):
        (Path("/etc/netns") / homes["a"].node / "hosts").write_text(f"127.0.0.1 localhost\n{PUBLIC} {NAME}\n")
        resort.start(internet.public).ready()
        b.start(homes["b"].node).ready()
        a.start(homes["a"].node).ready()
        for wrong in (f"{resort.id}@{NAME}", f"{a.id}@{NAME}:{PORT}", f"{resort.id}@0x7f.1:{PORT}"):
            if a.ask("net", "last-resort", "add", wrong):
                raise LabError(f"{wrong} was taken")
        if not a.ask("net", "last-resort", "add", f"{resort.id}@{NAME}:{PORT}"):
            raise LabError(f"the last resort was not taken: {a.said}")
        if not a.ask("net", "join", b.ask("net", "invite")["invite"]):
            raise LabError(f"a did not join: {a.said}")
        until("a and b are neighbours", 60, lambda: a.ask("net", "peers"))
        start = time.monotonic()
        while time.monotonic() < start + ALONE + 30:
            if watch.strays() or outcome(a) != "unused":
                raise LabError(f"a sent to others while it had a neighbour: {watch.strays()}, {outcome(a)}")
            time.sleep(5)
        print(f"with a neighbour: {ALONE + 30} s and no packet to the last resort or a name server")

        b.end()
        until("a has no peer", 60, lambda: a.ask("net", "peers") == [])
        start = time.monotonic()
        while time.monotonic() < start + ALONE - 20:
            if watch.strays():
                raise LabError(f"a called after {time.monotonic() - start:.0f} s: {watch.strays()}")
            time.sleep(2)
        until("a meets its last resort", 60, lambda: any(peer["id"] == resort.id for peer in a.ask("net", "peers") or []))
        print(f"alone: the last resort is a neighbour {time.monotonic() - start:.0f} s after the last peer was gone")
        if outcome(a) != "met":
            raise LabError(f"it is shown as {outcome(a)}")
        if beside(watch, f"{PUBLIC} UDP"):
            raise LabError(f"a sent to others: {beside(watch, f'{PUBLIC} UDP')}")
        if not a.ask("net", "last-resort", "rm", f"{resort.id}@{NAME}:{PORT}") or a.ask("net", "last-resort", "ls"):
            raise LabError(f"it was not struck out: {a.said}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webx", required=True, help="the program webx")
    asked = parser.parse_args()
    must_be_root()
    with tempfile.TemporaryDirectory(prefix="webx-resort-") as folder, Internet() as internet:
        try:
            last_resort(asked.webx, Path(folder), internet)
        except LabError as error:
            print(f"FAILED  {error}")
            return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
