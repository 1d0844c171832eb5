#!/usr/bin/env python3
"""Figures of the node against its named peers, in one run on one machine.

Prints a table: figure, ours, peer, ratio or limit, verdict. Ratios compare medians of interleaved rounds, so a noisy machine hurts both
sides alike. Exit status 0 also when a target is missed: this measures, it does not judge a build. `--quick` shrinks every input for a smoke run.
"""
import argparse, json, os, random, shutil, signal, statistics, subprocess, sys, tempfile, time, urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("--webx", required=True)
parser.add_argument("--micro", required=True, help="the webx-bench program")
parser.add_argument("--dir", default=None, help="where to work (default: a new folder in the system's temporary folder)")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--quick", action="store_true")
parser.add_argument("--only", default="", help="comma-separated: start,big,many,small,memory")
args = parser.parse_args()
webx, micro = os.path.abspath(args.webx), os.path.abspath(args.micro)
work = tempfile.mkdtemp(prefix="webx-bench-", dir=args.dir)
MIB = 1 << 20
big_size = (64 if args.quick else 1024) * MIB
many_files = 2_000 if args.quick else 100_000
stream_size = (256 if args.quick else 10 * 1024) * MIB
blocks = 20_000 if args.quick else 1_000_000
only = set(filter(None, args.only.split(",")))
passphrase = os.path.join(work, "passphrase")
with open(passphrase, "w") as f:
    f.write("correct horse battery staple")
rows = []


def row(name, ours, peer, ratio, target, ok):
    rows.append((name, ours, peer, ratio, target, "met" if ok else "MISSED"))
    print(f"{name:42} {ours:>16} {peer:>16} {ratio:>9} {target:>16}  {'met' if ok else 'MISSED'}", flush=True)


def run(*cmd, **kw):
    start = time.perf_counter()
    done = subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **kw)
    if done.returncode != 0:
        sys.exit(f"{' '.join(cmd[:4])} … failed ({done.returncode}): {done.stderr.decode()[-800:]}")
    return time.perf_counter() - start


class Node:
    def __init__(self, name, init=True):
        self.data = os.path.join(work, name)
        if init:
            run(webx, "init", "--data", self.data, "--passphrase-file", passphrase, "--yes", "--json")
        self.proc = None

    def up(self, unlock=True):
        start = time.perf_counter()
        self.proc = subprocess.Popen([webx, "up", "--data", self.data, "--port", "0", "--no-open"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        control = os.path.join(self.data, "run", "control.json")
        while True:
            try:
                with open(control) as f:
                    c = json.load(f)
                if c.get("pid") == self.proc.pid:
                    with urllib.request.urlopen(f"http://{c['addr']}/api/status", timeout=2) as r:
                        r.read()
                    break
            except (OSError, ValueError):
                if self.proc.poll() is not None:
                    sys.exit("the node ended at its start")
                time.sleep(0.002)
        first = time.perf_counter() - start
        if unlock:
            self.cli("unlock", "--passphrase-file", passphrase)
        return first

    def cli(self, *cmd, **kw):
        return run(webx, *cmd, "--data", self.data, **kw)

    def memory(self, field):
        with open(f"/proc/{self.proc.pid}/status") as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def cpu_seconds(self):
        with open(f"/proc/{self.proc.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def reset_peak(self):
        with open(f"/proc/{self.proc.pid}/clear_refs", "w") as f:
            f.write("5")

    def down(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(timeout=30)


def restic(repo, *cmd):
    env = dict(os.environ, RESTIC_PASSWORD="correct horse battery staple", RESTIC_REPOSITORY=repo, RESTIC_CACHE_DIR=os.path.join(work, "restic-cache"))
    return run("restic", "-q", *cmd, env=env)


def wanted(name):
    return not only or name in only


def fill(path, size, seed):
    rng = random.Random(seed)
    with open(path, "wb") as f:
        left = size
        while left:
            n = min(left, 8 * MIB)
            f.write(rng.randbytes(n))
            left -= n


print(f"# seed 1; {os.cpu_count()} cores; {subprocess.run(['restic', 'version'], capture_output=True, text=True).stdout.split(' compiled')[0].strip()}")
print(f"{'figure':42} {'ours':>16} {'peer':>16} {'ratio':>9} {'target':>16}")
try:
    if wanted("start"):
        node = Node("start")
        firsts = []
        for _ in range(7):
            firsts.append(node.up(unlock=False) * 1000)
            node.down()
        first = statistics.median(firsts)
        row("start to first answer", f"{first:.0f} ms", "-", "-", "<= 300 ms", first <= 300)
        node.up()
        time.sleep(3)
        c0, t0 = node.cpu_seconds(), time.perf_counter()
        time.sleep(5 if args.quick else 30)
        share = (node.cpu_seconds() - c0) / (time.perf_counter() - t0) * 100
        rss = node.memory("VmRSS")
        row("idle memory, unlocked", f"{rss:.0f} MiB", "-", "-", "<= 60 MiB", rss <= 60)
        row("idle processor", f"{share:.2f} %", "-", "-", "< 1 % of a core", share < 1)
        node.down()

    if wanted("big"):
        source = os.path.join(work, "big.bin")
        fill(source, big_size, 1)
        repo = os.path.join(work, "restic-big")
        restic(repo, "init")
        node = Node("big")
        node.up()
        add, add_peer, get, cat, get_peer = [], [], [], [], []
        for i in range(args.rounds):
            # A new file each round, so that neither side finds the content already stored.
            fill(source, big_size, 100 + i)
            run("sync")
            add.append(node.cli("drive", "put", source, f"/round-{i}.bin"))
            run("sync")
            add_peer.append(restic(repo, "backup", source))
            out = os.path.join(work, "out")
            get.append(node.cli("drive", "get", f"/round-{i}.bin", out))
            assert run("cmp", source, out) >= 0
            os.remove(out)
            with open(os.devnull, "wb") as null:
                start = time.perf_counter()
                subprocess.run([webx, "drive", "cat", f"/round-{i}.bin", "--data", node.data], stdout=null, check=True)
                cat.append(time.perf_counter() - start)
            target = os.path.join(work, "restored")
            get_peer.append(restic(repo, "restore", "latest", "--target", target))
            shutil.rmtree(target)
        mbs = lambda t: f"{big_size / 1e6 / t:.0f} MB/s"
        m = statistics.median
        size = f"{big_size // MIB} MiB"
        row(f"add {size}, encrypted, hashed, fsynced", mbs(m(add)), mbs(m(add_peer)), f"{m(add_peer) / m(add):.1f}x", ">= 5x restic", m(add_peer) / m(add) >= 5)
        row(f"cat {size} (restic: restore)", mbs(m(cat)), mbs(m(get_peer)), f"{m(get_peer) / m(cat):.1f}x", ">= 4x restic", m(get_peer) / m(cat) >= 4)
        row(f"get {size} to a file (restic: restore)", mbs(m(get)), mbs(m(get_peer)), f"{m(get_peer) / m(get):.1f}x", "-", True)
        node.down()
        shutil.rmtree(repo)
        shutil.rmtree(node.data)
        os.remove(source)

    if wanted("many"):
        node = Node("many")
        node.up()
        add, add_peer = [], []
        for i in range(args.rounds):
            tree = os.path.join(work, "tree")
            rng = random.Random(200 + i)
            for d in range(many_files // 1000):
                os.makedirs(os.path.join(tree, f"d{d:03}"))
                for n in range(1000):
                    with open(os.path.join(tree, f"d{d:03}", f"f{n:04}.dat"), "wb") as f:
                        f.write(rng.randbytes(4096))
            repo = os.path.join(work, f"restic-many-{i}")
            restic(repo, "init")
            run("sync")
            add.append(node.cli("drive", "put", tree, f"/round-{i}"))
            run("sync")
            add_peer.append(restic(repo, "backup", tree))
            shutil.rmtree(tree)
            shutil.rmtree(repo)
        m = statistics.median
        fps = lambda t: f"{many_files / t:.0f} files/s"
        row(f"add {many_files} files of 4 KiB", fps(m(add)), fps(m(add_peer)), f"{m(add_peer) / m(add):.1f}x", ">= 10x restic", m(add_peer) / m(add) >= 10)
        node.down()
        shutil.rmtree(node.data)

    if wanted("small"):
        out = subprocess.run([micro, "small-add", "--dir", os.path.join(work, "small"), "--blocks", str(blocks)], capture_output=True, text=True, check=True).stdout
        r = json.loads(out)
        ratio = r["full_us"] / r["empty_us"]
        row(f"one small add, {blocks} blocks present", f"{r['full_us']:.0f} us", f"{r['empty_us']:.0f} us empty", f"{ratio:.2f}x", "<= 1.5x", ratio <= 1.5)

    if wanted("memory"):
        node = Node("memory")
        node.up()
        time.sleep(2)
        idle = node.memory("VmRSS")
        node.reset_peak()
        gib = f"{stream_size / 1024 / MIB:.1f} GiB"
        with open("/dev/urandom", "rb") as urandom:
            feed = subprocess.Popen(["head", "-c", str(stream_size)], stdin=urandom, stdout=subprocess.PIPE)
            node.cli("drive", "put", "-", "/stream.bin", stdin=feed.stdout)
            feed.wait()
        put_peak = node.memory("VmHWM") - idle
        node.reset_peak()
        with open(os.devnull, "wb") as null:
            subprocess.run([webx, "drive", "cat", "/stream.bin", "--data", node.data], stdout=null, check=True)
        get_peak = node.memory("VmHWM") - idle
        row(f"memory over idle, writing {gib}", f"{put_peak:.0f} MiB", "-", "-", "<= 150 MiB", put_peak <= 150)
        row(f"memory over idle, reading {gib}", f"{get_peak:.0f} MiB", "-", "-", "<= 150 MiB", get_peak <= 150)
        node.down()
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"{len([r for r in rows if r[5] == 'met'])} figures met, {len([r for r in rows if r[5] != 'met'])} missed")
