# One target for each thing a person or a machine does with this tree. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.cache/tools/bin:$(PATH)
export CARGO_TERM_COLOR ?= auto
RELEASE := target/release/webx
DEBUG := target/debug/webx
WXA := target/debug/wxa
# One set of guests (components compiled from Python, JavaScript and Rust) for every suite that needs them.
export WXA_CACHE ?= $(CURDIR)/.cache/wxa

.PHONY: netlab lan last-resort quiet-line test-apps help run build wxa ui test test-rust test-ui test-e2e e2e developer lint bench sim fuzz peers screenshots soak clean

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: build ## from a fresh machine to the desktop in the browser
	$(RELEASE) up

build: ui ## the release program, with the desktop and its apps inside
	scripts/setup.sh run
	cargo build --release --locked -p webx

wxa: ui ## the app developer's tool, in release
	scripts/setup.sh run
	cargo build --profile tool --locked -p wxa-cli

ui: ui/dist/index.html ## the web desktop, the system apps and the types for app projects, built from the lock file

ui/node_modules/.package-lock.json: ui/package-lock.json
	scripts/setup.sh run
	cd ui && npm ci --no-audit --no-fund
	touch $@

UI_SOURCES := $(shell find ui -type f \( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.json' -o -name '*.html' -o -name '*.svg' \) -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path 'ui/dist-*' -not -path '*/generated/*' 2>/dev/null)
ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build
	test -f ui/dist/_os/frame.html && test -f ui/dist-apps/files/manifest.json && test -d ui/dist-types
	touch $@

test: ## everything: lint, unit, property, crash, fault, abuse, developer's steps, end-to-end in real browsers
	scripts/setup.sh test
	$(MAKE) ui
	$(MAKE) test-ui
	$(MAKE) lint
	$(MAKE) test-rust
	$(MAKE) developer
	$(MAKE) e2e
	$(MAKE) test-apps

test-ui: ui/node_modules/.package-lock.json ## unit tests and type check of the web side
	cd ui && npm run generate && npm run typecheck && npm test

test-rust: ui ## unit, property, crash, fault and abuse tests of the crates
	scripts/setup.sh test
	cargo nextest run --locked --workspace --exclude wxa-cli
	cargo test --locked --workspace --exclude wxa-cli --doc -q
	cargo nextest run --locked -p wxa-cli

test-e2e: ui ## real browsers against the real program
	scripts/setup.sh test
	cargo build --locked -p webx
	cargo build --locked -p wxa-cli
	$(MAKE) developer
	$(MAKE) e2e
	$(MAKE) test-apps

# These run on the programs that are there. `test-rust` has built them; another build would want other features of the
# dependencies and build half the tree again.
e2e: tests/e2e/node_modules/.package-lock.json
	cd tests/e2e && WEBX=$(CURDIR)/$(DEBUG) WXA=$(CURDIR)/$(WXA) npm test

developer: ## the seven steps of docs/developers.md, on the programs that are built
	node tests/developer/steps.mjs --webx $(DEBUG) --wxa $(WXA)

test-apps: tests/e2e/node_modules/.package-lock.json ## hostile and real apps in Chromium and Firefox, and the examples' server sides
	node tests/examples/backends.mjs --webx $(DEBUG) --wxa $(WXA)
	cd tests/e2e && WEBX=$(CURDIR)/$(DEBUG) WXA=$(CURDIR)/$(WXA) npm run test:apps

tests/e2e/node_modules/.package-lock.json: tests/e2e/package-lock.json
	cd tests/e2e && npm ci --no-audit --no-fund
	touch $@

lint: ui/node_modules/.package-lock.json ## formatting, clippy, licences, lint of the web side
	scripts/setup.sh lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --exclude wxa-cli --all-targets -- -D warnings
	cargo clippy --locked -p wxa-cli --all-targets -- -D warnings
	cargo deny --locked --log-level error check licenses bans sources
	cd ui && npm run generate && npm run lint

bench: build wxa ## figures against the named peers, in one run
	scripts/setup.sh bench
	cargo build --release --locked -p webx-bench
	python3 tests/bench/bench.py --webx $(RELEASE) --micro target/release/webx-bench
	cargo build --release --locked --manifest-path tests/bench/net/Cargo.toml --target-dir target/bench-net
	python3 tests/bench/net.py --webx $(RELEASE) --net target/bench-net/release/webx-bench-net
	python3 tests/bench/backends.py
	python3 tests/bench/bundle.py --wxa target/tool/wxa
	cd tests/e2e && npm ci --no-audit --no-fund && cd ../.. && node tests/bench/frames.mjs

sim: ## networks of 100, 1,000 and 10,000 nodes in virtual time; writes docs/simulator.md and docs/plots
	cargo run --release --locked -p webx-overlay --features sim --example qsim

fuzz: ## every fuzz target for FUZZ_SECONDS (default 30) seconds
	scripts/setup.sh fuzz
	scripts/fuzz.sh $${FUZZ_SECONDS:-30}

peers: ui ## interop with real peers from the package registries
	scripts/setup.sh peers
	cargo build --locked -p webx
	tests/peers/run.sh $(CURDIR)/$(DEBUG)

netlab: ui ## routes through every kind of NAT, streams that change path, UDP blocked (root, Linux; about ten minutes)
	scripts/setup.sh netlab
	cargo build --locked --workspace --exclude wxa-cli --bin webx --example nat_probe
	python3 -B tests/netlab/netlab.py --webx $(DEBUG) --probe target/debug/examples/nat_probe --only '$(or $(ONLY),*)'

lan: ui ## LAN discovery of two nodes on a bridge, with and without it, and flooded (root, Linux; two minutes)
	scripts/setup.sh netlab
	cargo build --locked -p webx
	python3 -B tests/netlab/lan.py --webx $(DEBUG)

last-resort: ui ## a node that lost its only peer comes back by what its person wrote down, and calls nobody before (root, Linux; five minutes)
	scripts/setup.sh netlab
	cargo build --locked -p webx
	python3 -B tests/netlab/last_resort.py --webx $(DEBUG)

quiet-line: ui ## two nodes watched for SECONDS (default 600): nothing leaves for anybody else (root, Linux)
	scripts/setup.sh netlab
	cargo build --locked -p webx
	python3 -B tests/netlab/quiet.py --webx $(DEBUG) --seconds $(or $(SECONDS),600)

screenshots: ui tests/e2e/node_modules/.package-lock.json ## pictures of every screen at 1440, 1024 and 390 px, light and dark
	scripts/setup.sh test
	cargo build --locked -p webx
	cd tests/e2e && WEBX=$(CURDIR)/$(DEBUG) npm run screenshots

soak: ## the long forms of the crash and fault tests
	WEBX_CRASH_KILLS=3000 WEBX_FAULT_SCHEDULES=1000 cargo nextest run --profile soak --locked -p webx-crash --no-capture
	WEBX_COPY_KILLS=500 cargo nextest run --profile soak --locked -p webx -E 'test(killed_at_any_moment_of_copying)' --no-capture

clean: ## remove what the targets made
	rm -rf target ui/dist ui/dist-apps ui/dist-types ui/node_modules tests/e2e/node_modules .cache
