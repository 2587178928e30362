# `make help` describes every target. Longer recipes are in Scripts/.
SHELL := /bin/bash
SOURCES := Package.swift $(shell find Sources -type f)
RELEASE := .build/release/ringdown
STATIC := -c release --static-swift-stdlib -Xlinker -s -Xlinker -L$(CURDIR)/.build/static

.PHONY: help demo build test quick acceptance check lint format bench sanitize soak fuzz install uninstall dist clean

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(RELEASE) ## Run the demo against both simulated platforms; no account, no network.
	@$(RELEASE) demo

build: $(RELEASE) ## Build the release binary, .build/release/ringdown.

$(RELEASE): $(SOURCES)
	@Scripts/install-packages build
	@echo "Building ringdown (about two minutes on the first run) ..."
	@Scripts/static-libraries .build/static
	@PKG_CONFIG_PATH=$(CURDIR)/.build/static Scripts/quietly swift build $(STATIC) --product ringdown
	@Scripts/build-time-library .build/release
	@touch $(RELEASE)

test: $(RELEASE) ## Run all tests: unit, process and acceptance tests.
	swift build --build-tests
	swift test --skip-build --disable-xctest --parallel
	Tests/Acceptance/run

quick: ## Run only the Swift tests.
	swift test --disable-xctest --parallel

acceptance: ## Run only the tests against real servers and the official SDK.
	swift build --product ringdown
	Tests/Acceptance/run

check: lint test ## Run lint and all tests.

lint: ## Check the format, the spelling, and phrases to avoid.
	@Scripts/install-packages lint
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzzing
	Scripts/check-spelling
	Scripts/check-language

format: ## Format the sources with swift-format.
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Fuzzing

bench: $(RELEASE) ## Score Ringdown and other clients; measure it against baselines, as ratios.
	Benchmarks/scoreboard --output markdown
	Benchmarks/run

sanitize: ## Run the Swift tests under the thread sanitizer and the address sanitizer.
	swift test --disable-xctest --sanitize=thread --scratch-path .build/thread
	swift test --disable-xctest --sanitize=address --scratch-path .build/address

soak: ## Run the large tests with their full counts: 100,000 lists and 200 killed exports (ten minutes).
	swift build --build-tests
	RINGDOWN_CASES=100000 swift test --skip-build --disable-xctest --filter PagingPropertyTests
	RINGDOWN_CASES=200 Tests/Acceptance/run test_export.py -k killed

fuzz: ## Fuzz the parsers, the simulator's handlers (a minute each) and the transport.
	Scripts/fuzz

install: $(RELEASE) ## Install into PREFIX (default: /usr/local) below DESTDIR.
	@Scripts/install-files $(RELEASE) "$(DESTDIR)" "$(or $(PREFIX),/usr/local)"

uninstall: ## Remove what `make install` installed.
	@Scripts/install-files --remove "$(DESTDIR)" "$(or $(PREFIX),/usr/local)"

dist: $(RELEASE) ## Create an archive, a Debian package and checksums in .build/dist.
	@Scripts/make-distribution $(RELEASE) .build/dist

clean: ## Remove all build products.
	rm -rf .build
