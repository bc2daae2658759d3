# `make` alone lists what there is to do. Everything is built below .build; the scripts stand in .ci.

SHELL := /bin/bash
SKEIN := .build/release/skein
SWIFT_FILES := $(wildcard Sources Tests Benchmarks storage queries Package.swift)
SERVE_ARGS ?=
BENCH_ARGS ?=
TEST_ARGS ?=
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo run build test torture bench format clean

help: ## lists the targets
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: ## serves recorded mesh traffic: one trace, the topology, a web page (SKEIN_PORT_OFFSET=N, DEMO_ONESHOT=1)
	@.ci/demo

run: build ## builds the release and serves ./skein-data (SERVE_ARGS=...)
	@exec $(SKEIN) serve $(SERVE_ARGS)

build: ## builds the release: .build/release/skein
	@.ci/prerequisites
	swift build -c release --product skein

test: ## checks the format, builds, and runs every test (TEST_ARGS=...)
	@.ci/step "prerequisites" .ci/prerequisites
	@.ci/step "format" swift format lint --strict --recursive --parallel $(SWIFT_FILES)
	@.ci/step "build" swift build --build-tests --explicit-target-dependency-import-check error
	@.ci/step "peers" .ci/peers
	@.ci/step "tests" .ci/tests $(TEST_ARGS)

torture: export SKEIN_TORTURE := 1
torture: test ## every test in its long version, and random inputs for every decoder (FUZZ_SECONDS=60 for each)
	@.ci/step "fuzz" .ci/fuzz $(FUZZ_SECONDS)

bench: build ## measures the release build, 5 to 8 minutes; writes .build/bench.json (BENCH_ARGS="--only mesh,growth" ...)
	swift run -c release --package-path Benchmarks --scratch-path .build-bench \
		skein-bench suite --server-binary $(CURDIR)/$(SKEIN) --json .build/bench.json $(BENCH_ARGS)

format: ## formats every Swift file
	swift format format --in-place --recursive --parallel $(SWIFT_FILES)

clean: ## removes what was built, and the demo's data
	swift package clean
	rm -rf .build-bench .build-fuzz .build/peers .build/demo-data .build/demo-server.log
