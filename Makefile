# Writ. `make dev` shows it working, `make test` checks everything, `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE ?= $(HOME)/.cache/writ
# Outside the clone, so that a second clone does not build the dependencies again.
export CARGO_TARGET_DIR ?= $(CACHE)/target
export PATH := $(CACHE)/tools/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# Looked up when a command runs: `setup` may have installed it by then, and other flags would build everything again.
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS ?= $(if $(shell command -v mold),-Clink-arg=-fuse-ld=mold)

CARGO_DENY_VERSION := 0.20.2
CARGO_MUTANTS_VERSION := 27.1.0
# Once per list of them, so that clones of different age do not get into each other's way.
PYTHON_TOOLS := $(CACHE)/tools/python-$(firstword $(shell sha256sum script/toolchain/python.txt))
DEBIAN_PACKAGES := clang libclang-dev mold

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: setup
setup: node_modules/.writ-installed ## install what a new machine lacks: libclang, the Solidity toolchain, contract libraries
	@script/toolchain/system-packages $(DEBIAN_PACKAGES)
	@script/toolchain/claim-target

node_modules/.writ-installed: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

.PHONY: build
build: setup ## build the `writ` binary, and with it everything that the tests use
	@# One selection for everything: another one would unify features differently and build rocksdb once more.
	cargo build --locked --workspace --all-targets

.PHONY: dev
dev: build ## start a chain, contracts, operators and bundler, and play the demonstration
	"$$CARGO_TARGET_DIR/debug/writ" dev $(ARGS)

.PHONY: demo
demo: build ## play the demonstration once, then check every claim of it from the chain alone
	script/demo/run-and-verify

.PHONY: test
test: setup format lint licences solidity-test symbolic slither rust-test policies demo ## everything

.PHONY: format
format: setup
	cargo fmt --all --check
	forge fmt --check

.PHONY: lint
lint: setup
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: licences
licences: setup $(CACHE)/tools/bin/cargo-deny-$(CARGO_DENY_VERSION)
	cargo deny --locked check licenses bans sources
	node script/toolchain/npm-licences.mjs

$(CACHE)/tools/bin/cargo-deny-$(CARGO_DENY_VERSION):
	cargo install --locked --debug --root "$(CACHE)/tools" --target-dir "$(CACHE)/tools/target" cargo-deny@$(CARGO_DENY_VERSION)
	rm -rf "$(CACHE)/tools/target"
	@touch $@

.PHONY: solidity-test
solidity-test: setup ## Forge unit, fuzz and invariant tests, storage layouts, and that the threat model names tests that exist
	forge test
	node script/toolchain/layouts.mjs
	node script/toolchain/threat-model.mjs

.PHONY: symbolic
symbolic: setup $(PYTHON_TOOLS)/bin/halmos ## halmos: quorum, tickets, suffix and settings for all inputs
	PATH="$(PYTHON_TOOLS)/bin:$$PATH" FOUNDRY_PROFILE=symbolic timeout 900 \
		halmos --config solidity/halmos.toml --no-status $(ARGS)

.PHONY: slither
slither: setup $(PYTHON_TOOLS)/bin/halmos ## slither: every finding is answered in docs/slither.md
	PATH="$(PYTHON_TOOLS)/bin:$$PATH" node script/toolchain/slither.mjs

$(PYTHON_TOOLS)/bin/halmos: script/toolchain/python.txt
	python3 -m venv --clear "$(PYTHON_TOOLS)"
	"$(PYTHON_TOOLS)/bin/pip" install --quiet --no-deps --requirement script/toolchain/python.txt
	@touch "$@"

.PHONY: rust-test
rust-test: setup ## all Rust tests, the end-to-end tests among them
	if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --locked --workspace; else cargo test --locked --workspace; fi

.PHONY: policies
policies: build ## check, pack and test the policies in the tree, as their authors do
	"$$CARGO_TARGET_DIR/debug/writ" policy pack --check policies/*/
	"$$CARGO_TARGET_DIR/debug/writ" policy check --strict policies/*/
	"$$CARGO_TARGET_DIR/debug/writ" policy test --coverage policies/*/

.PHONY: bench
bench: setup ## the benches whose table stands in the README
	cargo bench --locked --workspace

.PHONY: mutants
mutants: setup $(CACHE)/tools/bin/cargo-mutants-$(CARGO_MUTANTS_VERSION) ## break rules, reputation and gate in small ways: a test must fail each time (hours)
	@# In place, since tests look for contracts in node_modules, which a copy would lack.
	cargo mutants --in-place $(ARGS)
	@# What decides whether an operation is validated again is tested on a chain, in the builder. Reading ahead changes no answer.
	cargo mutants --in-place --no-config -f bundler/admission/src/again.rs -E prefetch_again --test-package writ-builder $(ARGS)

$(CACHE)/tools/bin/cargo-mutants-$(CARGO_MUTANTS_VERSION):
	cargo install --locked --debug --root "$(CACHE)/tools" --target-dir "$(CACHE)/tools/target" cargo-mutants@$(CARGO_MUTANTS_VERSION)
	rm -rf "$(CACHE)/tools/target"
	@touch $@
