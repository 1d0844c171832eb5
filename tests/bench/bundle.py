#!/usr/bin/env python3
"""How fast `wxa` bundles, against esbuild: the same input, both minified, in one run on one machine.

Prints a table like bench.py: figure, ours, peer, ratio, verdict. Times are medians of whole processes, measured in turns, so a noisy machine
hurts both sides alike. Two inputs: the app in examples/notes, and one that takes in all of react-aria-components.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

parser = argparse.ArgumentParser()
parser.add_argument("--wxa", required=True)
parser.add_argument("--rounds", type=int, default=25)
parser.add_argument("--quick", action="store_true")
args = parser.parse_args()
wxa = os.path.abspath(args.wxa)
here = os.path.dirname(os.path.abspath(__file__))
notes = os.path.join(here, "..", "..", "examples", "notes")
work = tempfile.mkdtemp(prefix="webx-bundle-")
EXTERNALS = ["react", "react/jsx-runtime", "react-dom", "react-dom/client", "@webx/ui", "@webx/sdk"]
PACKAGES = {"esbuild": "0.28.2", "react-aria-components": "1.22.1", "react": "19.3.1", "react-dom": "19.3.1"}
MANIFEST = {
    "format": 1, "api": "1", "id": "large", "name": "Large", "version": "1.0.0", "category": "other", "description": "Everything of a library.",
    "icon": "icon.svg", "entry": {"builtin": {"module": "app.js", "style": "app.css"}}, "permissions": {}, "source": "src/",
}


def run(cmd, cwd):
    start = time.perf_counter()
    done = subprocess.run(cmd, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode != 0:
        sys.exit(f"{' '.join(cmd[:3])} … failed ({done.returncode}): {done.stderr.decode()[-800:]}")
    return (time.perf_counter() - start) * 1000


def size(folder):
    return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder))


try:
    large = os.path.join(work, "large")
    os.makedirs(os.path.join(large, "src"))
    with open(os.path.join(large, "manifest.json"), "w") as f:
        json.dump(MANIFEST, f)
    with open(os.path.join(large, "icon.svg"), "w") as f:
        f.write("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with open(os.path.join(large, "src", "index.tsx"), "w") as f:
        f.write('import * as all from "react-aria-components";\nexport default function App() {\n  return <p>{Object.keys(all).length}</p>;\n}\n')
    with open(os.path.join(large, "package.json"), "w") as f:
        json.dump({"name": "large", "private": True, "dependencies": PACKAGES}, f)
    run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts"], large)
    # The native program itself: its launcher would add the start of Node.
    native = [os.path.join(large, "node_modules", "@esbuild", name, "bin", "esbuild") for name in os.listdir(os.path.join(large, "node_modules", "@esbuild"))]
    esbuild = native[0]
    small = os.path.join(work, "small")
    shutil.copytree(notes, small, ignore=shutil.ignore_patterns("node_modules", ".webx", "*.wxa"))
    version = subprocess.run([esbuild, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"# {os.cpu_count()} cores; esbuild {version}; {args.rounds} rounds")
    print(f"{'figure':42} {'ours':>16} {'peer':>16} {'ratio':>9} {'target':>16}")
    for name, project in (("bundle a small app (examples/notes)", small), ("bundle a large app (all of React Aria)", large)):
        out = [os.path.join(work, "out-ours"), os.path.join(work, "out-peer")]
        ours_cmd = [wxa, "bundle", "--project", project, "--output", out[0]]
        peer_cmd = [esbuild, "src/index.tsx", "--bundle", "--format=esm", "--minify", "--jsx=automatic", "--target=es2022", "--tsconfig-raw={}",
                    "--log-level=error", "--define:process.env.NODE_ENV=\"production\"", f"--outdir={out[1]}"] + [f"--external:{e}" for e in EXTERNALS]
        ours, peer = [], []
        for at in range((5 if args.quick else args.rounds) + 2):
            a, b = run(ours_cmd, project), run(peer_cmd, project)
            if at >= 2:  # the first ones fill the caches of the disk
                ours.append(a)
                peer.append(b)
        a, b = statistics.median(ours), statistics.median(peer)
        verdict = "met" if a <= b else "MISSED"
        print(f"{name:42} {f'{a:.1f} ms':>16} {f'{b:.1f} ms':>16} {f'{a / b:.2f}x':>9} {'<= 1.00x':>16}  {verdict}")
        print(f"{'  size of module and style sheet':42} {f'{size(out[0])} B':>16} {f'{size(out[1])} B':>16} {f'{size(out[0]) / size(out[1]):.2f}x':>9} {'-':>16}")
finally:
    shutil.rmtree(work, ignore_errors=True)
