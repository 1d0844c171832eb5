#!/usr/bin/env python3
"""Backends of apps against waitress, all in one run: cold starts and warm requests a second.

    python3 tests/bench/backends.py [--seconds 4] [--rounds 3]

Builds what it measures (the guests from source, the host in release), needs wrk, and keeps its venv under .cache/guests.
A figure that misses its mark ends the run with code 1.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CRATE = ROOT / "crates" / "backends"
CACHE = ROOT / ".cache" / "guests"
WAITRESS = "waitress==3.0.2"
FLASK = "flask==3.1.3"


PROFILE = "release"


def target():
    """Where cargo puts what it builds."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / ("debug" if PROFILE == "dev" else PROFILE)


def build():
    """The host, the guests as components, and the venv with waitress."""
    subprocess.run(
        ["cargo", "build", "--profile", PROFILE, "--locked", "-p", "webx-backends", "--bin", "backends-host", "--example", "componentize", "--example", "jail"],
        cwd=ROOT, check=True,
    )
    made = {}
    for name in ("probe", "flask"):
        made[name] = CACHE / f"bench-{name}.wasm"
        subprocess.run([sys.executable, CRATE / "tests/guests/build.py", name, made[name]], check=True)
    core = made["probe"].rename(CACHE / "bench-probe.core.wasm")
    subprocess.run([target() / "examples" / "componentize", core, made["probe"]], check=True)
    subprocess.run([CACHE / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", WAITRESS], check=True)
    wheels = CACHE / "bench-wheels"
    if not wheels.exists():
        # For the machine's own Python, which the jail runs.
        subprocess.run(
            [CACHE / "venv/bin/pip", "download", "-q", "--disable-pip-version-check", "--only-binary", ":all:", "-d", wheels, FLASK],
            check=True,
        )
    return made


def jailed():
    """Milliseconds of cold starts of the same Flask app in the jail, as its example counts them."""
    command = [target() / "examples" / "jail", CACHE / "bench-wheels", CRATE / "tests/guests/flask", "notes:app", "/notes"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextlib.contextmanager
def component(path, *more):
    """A component behind HTTP; gives its port."""
    command = [target() / "backends-host", "serve", path, *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        yield int(host.stdout.readline())
        host.stdin.close()


@contextlib.contextmanager
def waitress():
    """The same Flask app under waitress."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = f"from waitress import serve; from notes import app; serve(app, host='127.0.0.1', port={port}, threads=4, _quiet=True)"
    command = [CACHE / "venv/bin/python", "-c", serve]
    with subprocess.Popen(command, cwd=CRATE / "tests/guests/flask", stderr=subprocess.DEVNULL) as server:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
        server.terminate()


def warm(port, seconds):
    """Requests a second, as wrk counts them."""
    url = f"http://127.0.0.1:{port}/notes"
    subprocess.run(["wrk", "-t1", "-c8", "-d1s", url], stdout=subprocess.DEVNULL, check=True)
    said = subprocess.run(["wrk", "-t1", "-c8", f"-d{seconds}s", url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        sys.exit(f"{url} answered with errors:\n{said}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def cold(path, *more):
    """Milliseconds of cold starts, as the host counts them."""
    command = [target() / "backends-host", "cold", path, "/notes", *more]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    """Measures and judges."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--profile", default=PROFILE, help="dev, where release takes too long to build")
    asked = arguments.parse_args()
    globals()["PROFILE"] = asked.profile
    made = build()
    colds = {"rust component": cold(made["probe"]), "flask component": cold(made["flask"], "--kept"), "flask in a jail": jailed()}
    servers = {
        "waitress": waitress,
        "flask component": lambda: component(made["flask"], "--kept"),
        "rust component": lambda: component(made["probe"]),
    }
    rates = {name: [] for name in servers}
    for _ in range(asked.rounds):
        for name, server in servers.items():
            with server() as port:
                rates[name].append(warm(port, asked.seconds))
    rates = {name: statistics.median(list_) for name, list_ in rates.items()}
    if asked.json:
        print(json.dumps({"cold": colds, "warm": rates}))
    for name, figures in colds.items():
        print(f"{name:16} cold {figures['coldMs']:8.2f} ms   first {figures['firstMs']:8.2f} ms   warm {figures['warmMs']:6.2f} ms")
    ratio = colds["flask in a jail"]["coldMs"] / colds["flask component"]["coldMs"]
    print(f"{'':16} the component is cold {ratio:.1f} times faster than the jail")
    for name, rate in rates.items():
        print(f"{name:16} {rate:9.0f} requests/s   {rate / rates['waitress']:.2f} x waitress")
    marks = {
        "the Rust component is cold in at most 5 ms": colds["rust component"]["coldMs"] <= 5,
        "the Flask component is cold 20 times faster than the jail": (
            colds["flask in a jail"]["coldMs"] >= 20 * colds["flask component"]["coldMs"]
        ),
        "the Flask component serves as many as waitress": rates["flask component"] >= rates["waitress"],
        "the Rust component serves three times as many": rates["rust component"] >= 3 * rates["waitress"],
    }
    for mark, held in marks.items():
        print(f"{'ok  ' if held else 'MISS'} {mark}")
    sys.exit(0 if all(marks.values()) else 1)


if __name__ == "__main__":
    main()
