"""Network namespaces: an internet of one bridge, and homes behind NATs of every kind."""
import os
import signal
import subprocess
import sys

PUBLIC = "203.0.113.1"
# A node's UDP port (crates/webx, network/running.rs; the probe takes the same).
PORT = 7701

# What a NAT keeps apart (RFC 4787's words): where its mapping of an inner address and port is endpoint-independent (EIM) or
# depends on the destination (EDM), and whom it lets in: anybody (EIF), addresses (ADF) or addresses and ports (APDF) that
# were spoken to.
KINDS = {
    "none": "a public address",
    "full": "EIM/EIF, full cone",
    "address": "EIM/ADF, address-restricted",
    "port": "EIM/APDF, port-restricted",
    "double": "EIM/APDF behind EIM/APDF, carrier-grade",
    "symmetric": "EDM/APDF, symmetric",
}


def direct_expected(one: str, two: str) -> bool:
    """Whether two nodes behind these can have a direct path. A symmetric NAT uses a port that the other side cannot know: it
    must be let in by one that does not ask for the port."""
    pair = {one, two}
    return "symmetric" not in pair or bool(pair & {"none", "full", "address"})


class LabError(RuntimeError):
    """What was expected did not happen."""


def run(*command: str, stdin: str | None = None) -> str:
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def gateway_rules(kind: str, inner: str) -> str:
    """The table of a NAT between `in` and `out`. What comes in uninvited is dropped before it is tracked: an entry for it would
    take the port away that the node behind is about to use, which real gateways do not do either."""
    masquerade, restricted, learn, redirect = "masquerade", "", "", ""
    if kind == "symmetric":
        masquerade = "masquerade random,fully-random"
    if kind == "full":
        redirect = f'iifname "out" udp dport {PORT} dnat to {inner}'
    if kind == "address":
        restricted = "set spoken { type ipv4_addr; flags dynamic; timeout 120s; }"
        learn = 'iifname "in" ip protocol udp update @spoken { ip daddr }'
        redirect = f'iifname "out" udp dport {PORT} ip saddr @spoken dnat to {inner}'
    return f"""
table ip lab {{
  {restricted}
  chain cut {{ type filter hook forward priority -10; policy accept; }}
  chain forward {{ type filter hook forward priority 0; policy accept;
    {learn}
    iifname "out" ct state established,related accept
    iifname "out" ct status dnat accept
    iifname "out" drop
  }}
  chain guard {{ type filter hook input priority 0; policy accept; iifname "out" drop; }}
  chain before {{ type nat hook prerouting priority -100; {redirect}; }}
  chain after {{ type nat hook postrouting priority 100; oifname "out" {masquerade}; }}
}}
""".replace(" ; }", " }")


class Internet:
    """A bridge that forwards nothing it does not know, and one public node `pub` on it."""

    def __init__(self):
        self.tag = f"lab{os.getpid()}"
        self.spaces: list[str] = []
        self.plugs = 0
        self.wan = self.space("wan")
        self.within(self.wan, "ip", "link", "add", "hub", "type", "bridge")
        # Where packets to addresses go that nobody has: they are lost without a word, as on the internet.
        self.within(self.wan, "ip", "addr", "add", "203.0.113.254/24", "dev", "hub")
        self.within(self.wan, "ip", "link", "set", "hub", "up")
        self.public = self.space("pub")
        self.plug(self.public, "eth0", PUBLIC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for space in reversed(self.spaces):
            for pid in subprocess.run(["ip", "netns", "pids", space], text=True, capture_output=True, check=False).stdout.split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        self.spaces.clear()

    def space(self, name: str) -> str:
        space = f"{self.tag}-{name}"
        run("ip", "netns", "add", space)
        self.spaces.append(space)
        self.within(space, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        self.within(space, "ip", "link", "set", "lo", "up")
        return space

    def drop(self, space: str) -> None:
        run("ip", "netns", "del", space)
        self.spaces.remove(space)

    @staticmethod
    def within(space: str, *command: str, stdin: str | None = None) -> str:
        return run("ip", "netns", "exec", space, *command, stdin=stdin)

    def plug(self, space: str, device: str, address: str) -> None:
        """Puts an interface of a namespace on the bridge."""
        self.plugs += 1
        port = f"w{self.plugs}"
        run("ip", "-n", self.wan, "link", "add", port, "type", "veth", "peer", "name", device, "netns", space)
        run("ip", "-n", self.wan, "link", "set", port, "master", "hub", "up")
        self.configure(space, device, address, "203.0.113.254")

    def wire(self, outer: str, inner: str, device: str, net: str) -> None:
        """Joins a gateway's `in` with what is behind it: `net`.1 and `net`.2."""
        run("ip", "-n", outer, "link", "add", "in", "type", "veth", "peer", "name", device, "netns", inner)
        self.configure(outer, "in", f"{net}.1", None)
        self.configure(inner, device, f"{net}.2", f"{net}.1")

    def configure(self, space: str, device: str, address: str, gateway: str | None) -> None:
        self.within(space, "ip", "addr", "add", f"{address}/24", "dev", device)
        self.within(space, "ip", "link", "set", device, "up")
        if gateway:
            self.within(space, "ip", "route", "add", "default", "via", gateway)


class Home:
    """A place for one node, behind a NAT of some kind or none. `net` is the inner network."""

    def __init__(self, internet: Internet, name: str, number: int, kind: str, net: str | None = None):
        self.internet, self.kind = internet, kind
        self.outer = f"203.0.113.{number * 10}"
        self.node = internet.space(name)
        self.gates: list[str] = []
        if kind == "none":
            internet.plug(self.node, "eth0", self.outer)
            # Where the lab cuts what a gateway would cut.
            internet.within(self.node, "nft", "-f", "-", stdin="table ip lab {\n chain cut { type filter hook output priority 0; }\n}\n")
            return
        net = net or f"192.168.{number}"
        if kind == "double":
            carrier = internet.space(f"c{name}")
            internet.plug(carrier, "out", self.outer)
            gate = internet.space(f"g{name}")
            internet.wire(carrier, gate, "out", f"100.64.{number}")
            self.gates = [gate, carrier]
            inner = {gate: f"{net}.2", carrier: f"100.64.{number}.2"}
        else:
            gate = internet.space(f"g{name}")
            internet.plug(gate, "out", self.outer)
            self.gates, inner = [gate], {gate: f"{net}.2"}
        internet.wire(gate, self.node, "eth0", net)
        for one in self.gates:
            internet.within(one, "sysctl", "-qw", "net.ipv4.ip_forward=1")
            internet.within(one, "nft", "-f", "-", stdin=gateway_rules("port" if kind == "double" else kind, inner[one]))

    def cut(self, what: str) -> None:
        """Drops packets that match, both ways."""
        self.internet.within(self.gates[0] if self.gates else self.node, "nft", f"add rule ip lab cut {what} counter drop")

    def mend(self) -> None:
        self.internet.within(self.gates[0] if self.gates else self.node, "nft", "flush chain ip lab cut")

    def remove(self) -> None:
        for space in [self.node, *self.gates]:
            self.internet.drop(space)
        # The next home with this address has another interface.
        for space, device in ((self.internet.wan, "hub"), (self.internet.public, "eth0")):
            run("ip", "-n", space, "neigh", "flush", "dev", device)


class Counters:
    """Counts packets in a namespace: `name` → a match in nft's words, for what comes in and for what goes out."""

    def __init__(self, space: str, matches: dict[str, tuple[str, str]]):
        self.space = space
        names = "\n".join(f"counter {name} {{ }}" for name in matches)
        coming = "\n".join(f"{match[0]} counter name {name}" for name, match in matches.items())
        going = "\n".join(f"{match[1]} counter name {name}" for name, match in matches.items())
        Internet.within(space, "nft", "-f", "-", stdin=f"""
table ip watch
delete table ip watch
table ip watch {{
  {names}
  chain coming {{ type filter hook input priority -20; {coming}
  }}
  chain going {{ type filter hook output priority -20; {going}
  }}
}}
""")

    def read(self) -> dict[str, tuple[int, int]]:
        """Packets and bytes of each."""
        words = Internet.within(self.space, "nft", "list", "counters", "table", "ip", "watch").split()
        counted = {}
        for place, word in enumerate(words):
            if word == "counter":
                counted[words[place + 1]] = (int(words[words.index("packets", place) + 1]), int(words[words.index("bytes", place) + 1]))
        return counted


def must_be_root() -> None:
    """The lab cannot run without; it says so and fails rather than to look green."""
    for tool in ("ip", "nft"):
        if subprocess.run(["which", tool], check=False, capture_output=True).returncode:
            sys.exit(f"the lab needs {tool}: scripts/setup.sh netlab installs it")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        sys.exit("the lab makes network namespaces and needs root on Linux")
