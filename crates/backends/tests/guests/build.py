#!/usr/bin/env python3
"""Builds the guests of the tests from source: build.py probe|flask OUT

probe: a core module by Debian's rustc-web with the standard library built for it (the caller makes it a component).
flask: a component by componentize-py. Both are kept under .cache/guests and made again when a source changed.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
CRATE = HERE.parent.parent
PACKAGES = ["componentize-py==0.25.1", "flask==3.1.3"]


def root():
    """The work tree, whose .cache keeps what was made."""
    if given := os.environ.get("WEBX_GUESTS"):
        return pathlib.Path(given)
    return CRATE.parent.parent / ".cache" / "guests"


def digest(*paths):
    """Names the sources."""
    sha = hashlib.sha256("\n".join(PACKAGES).encode())
    for path in sorted(file for top in paths for file in ([top] if top.is_file() else top.rglob("*"))):
        if path.is_file() and "target" not in path.parts and "__pycache__" not in path.parts:
            sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]


def run(*command, **more):
    """A command whose words are shown only if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}")


def probe(out):
    """The Rust guest."""
    target = "wasm32-unknown-unknown"
    # Debian's compiler, because a rustup toolchain may lack the source of its standard library.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("CARGO", "RUST")) or name in ("CARGO_HOME", "RUSTUP_HOME")},
        "RUSTC": "/usr/bin/rustc",
        "RUSTC_BOOTSTRAP": "1",
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER": shutil.which("wasm-ld") or shutil.which("wasm-ld-19") or "rust-lld",
        "CARGO_TARGET_DIR": str(root() / "target"),
    }
    run("cargo", "build", "--release", "--locked", "-Zbuild-std=std,panic_abort", "--target", target, cwd=HERE / "probe", env=environment)
    shutil.copyfile(root() / "target" / target / "release" / "probe.wasm", out)


def flask(out):
    """The Python guest."""
    venv = root() / "venv"
    tool = venv / "bin" / "componentize-py"
    if not tool.exists():
        run("/usr/bin/python3", "-m", "venv", str(venv))
        run(str(venv / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", *PACKAGES)
    packages = next((venv / "lib").glob("python3*/site-packages"))
    run(
        str(tool), "-d", str(CRATE / "wit"), "-w", "wasi:http/proxy@0.2.12", "componentize", "component",
        "-p", str(HERE / "flask"), "-p", str(packages), "-o", str(out),
    )


def main():
    """Builds one guest unless it is there already."""
    name, out = sys.argv[1], pathlib.Path(sys.argv[2])
    sources = {"probe": [HERE / "probe"], "flask": [HERE / "flask", CRATE / "wit"]}[name]
    kept = root() / f"{name}-{digest(*sources)}.wasm"
    if not kept.exists():
        root().mkdir(parents=True, exist_ok=True)
        made = kept.with_suffix(f".{os.getpid()}.tmp")
        {"probe": probe, "flask": flask}[name](made)
        made.replace(kept)
    shutil.copyfile(kept, out)


if __name__ == "__main__":
    main()
