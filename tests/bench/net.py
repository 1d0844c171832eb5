#!/usr/bin/env python3
"""QNet's figures against bare iroh and libp2p over QUIC, and what idle peers cost, in one run on one machine.

Prints a table like bench.py: figure, ours, peer, ratio or limit, verdict. A ratio is the median of the ratios of the rounds, in each of which all
had their turn, so a noisy machine hurts them alike. Exit status 0 also when a target is missed: this measures, it does not judge a build.
`--quick` shrinks everything for a smoke run; the thousand and the twenty peers take about two minutes each.
"""
import argparse, json, os, shutil, signal, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("--webx", required=True)
parser.add_argument("--net", required=True, help="the bench-net program")
parser.add_argument("--dir", default=None, help="where to work (default: a new folder in the system's temporary folder)")
parser.add_argument("--rounds", type=int, default=25)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--only", default="", help="comma-separated: streams,thousand,twenty")
args = parser.parse_args()
webx, net = os.path.abspath(args.webx), os.path.abspath(args.net)
only = set(filter(None, args.only.split(",")))
PEERS = 20
PATIENCE = 300
rows = []


def row(name, ours, peer, ratio, target, ok):
    verdict = "-" if ok is None else "met" if ok else "MISSED"
    rows.append(verdict)
    print(f"{name:42} {ours:>16} {peer:>16} {ratio:>9} {target:>16}  {verdict}", flush=True)


def figures(*cmd):
    done = subprocess.run([net, *map(str, cmd)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench-net {cmd[0]} failed ({done.returncode}): {done.stderr[-800:]}")
    return json.loads(done.stdout)


def streams():
    got = figures("streams", 3 if args.quick else args.rounds, 32 if args.quick else 128, 200 if args.quick else 1000)

    def against(what, unit, peer, best, target, name):
        """`best` turns two figures of one round into their ratio; the table's is the median of those."""
        ours, theirs = got[what]["ours"], got[what][peer]
        ratio = statistics.median(best(a, b) for a, b in zip(ours, theirs))
        a, b = statistics.median(ours), statistics.median(theirs)
        met = None if target is None else target(ratio)
        shown = {"iroh": {"goodput": ">= 0.90x", "request": "<= 1.30x"}, "libp2p": {"goodput": "-", "request": ">= 2.50x"}}[peer][what]
        row(name, f"{a:.0f} {unit}", f"{b:.0f} {unit}", f"{ratio:.2f}x", shown, met)

    against("goodput", "MiB/s", "iroh", lambda a, b: a / b, lambda r: r >= 0.9, "stream goodput, against bare iroh")
    against("goodput", "MiB/s", "libp2p", lambda a, b: a / b, None, "stream goodput, against libp2p-quic")
    against("request", "us", "iroh", lambda a, b: a / b, lambda r: r <= 1.3, "request on a new stream, p50, bare iroh")
    against("request", "us", "libp2p", lambda a, b: b / a, lambda r: r >= 2.5, "request on a new stream, p50, libp2p-quic")


def thousand():
    got = figures("idle", 100 if args.quick else 1000, 10 if args.quick else 30)
    peers = got["peers"]
    row(f"memory for each of {peers} idle peers", f"{got['kibEach']:.0f} KiB", "-", "-", "-", None)
    row(f"processor for {peers} idle peers", f"{got['cpuPercent']:.2f} %", "-", "-", "-", None)


def ask(data, *cmd):
    done = subprocess.run([webx, "--data", data, "--json", *cmd], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"webx {' '.join(cmd[:2])} failed ({done.returncode}): {done.stderr[-800:]}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def processor(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmRSS:"))


def twenty():
    work = tempfile.mkdtemp(prefix="webx-bench-net-", dir=args.dir)
    devnet = subprocess.Popen([webx, "--json", "devnet", "up", str(PEERS + 1), "--dir", work], stdout=subprocess.PIPE, text=True)
    try:
        nodes = [json.loads(devnet.stdout.readline()) for _ in range(PEERS + 1)]
        for node in nodes:
            ask(node["data"], "net", "settings", "--set", f"neighbours={PEERS}")
        first, others = nodes[0], nodes[1:]
        deadline = time.monotonic() + PATIENCE
        while (found := ask(first["data"], "net", "topology"))["peers"] < PEERS:
            if time.monotonic() > deadline:
                sys.exit(f"only {found['peers']} of {PEERS} peers were found in {PATIENCE} s")
            time.sleep(1)
        # Each has proved itself too.
        for node in others:
            ask(first["data"], "net", "ping", node["id"])
        time.sleep(5 if args.quick else 30)
        used, start = processor(first["pid"]), time.monotonic()
        time.sleep(10 if args.quick else 60)
        share = (processor(first["pid"]) - used) / (time.monotonic() - start) * 100
        memory = resident(first["pid"])
        still = ask(first["data"], "net", "topology")["peers"]
        row(f"memory of a node with {still} idle peers", f"{memory:.0f} MiB", "-", "-", "< 100 MiB", memory < 100 and still >= PEERS)
        row(f"processor of a node with {still} idle peers", f"{share:.2f} %", "-", "-", "< 1 % of a core", share < 1 and still >= PEERS)
    finally:
        devnet.send_signal(signal.SIGTERM)
        try:
            devnet.wait(timeout=60)
        except subprocess.TimeoutExpired:
            devnet.kill()
        shutil.rmtree(work, ignore_errors=True)


print(f"# {os.cpu_count()} cores; iroh 1.4.1; libp2p 0.57.1; {args.rounds} rounds")
print(f"{'figure':42} {'ours':>16} {'peer':>16} {'ratio':>9} {'target':>16}")
for part in (streams, thousand, twenty):
    if not only or part.__name__ in only:
        part()
print(f"{rows.count('met')} figures met, {rows.count('MISSED')} missed")
