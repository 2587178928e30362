# Every target says what it does in `make help`. The scripts below Scripts/ hold what does not fit into a line.
SHELL := /bin/bash
SOURCES := Package.swift $(shell find Sources -type f)
RELEASE := .build/release/ringdown
STATIC := -c release --static-swift-stdlib -Xlinker -s -Xlinker -L$(CURDIR)/.build/static

.PHONY: help demo build test quick acceptance check lint format bench sanitize fuzz install uninstall dist clean

help: ## List the targets.
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(RELEASE) ## The tour: both platforms, simulated on this machine; no account, no network.
	@$(RELEASE) demo

build: $(RELEASE) ## Build the release binary, .build/release/ringdown.

$(RELEASE): $(SOURCES)
	@Scripts/install-packages build
	@echo "Building ringdown (the first time takes about two minutes) ..."
	@Scripts/static-libraries .build/static
	@PKG_CONFIG_PATH=$(CURDIR)/.build/static Scripts/quietly swift build $(STATIC) --product ringdown
	@Scripts/build-time-library .build/release
	@touch $(RELEASE)

test: $(RELEASE) ## Everything that must pass: unit, process and acceptance tests.
	swift build --build-tests
	swift test --skip-build --disable-xctest --parallel
	Tests/Acceptance/run

quick: ## The inner loop: the Swift tests only.
	swift test --disable-xctest --parallel

acceptance: ## The tests against real servers and the official SDK only.
	swift build --product ringdown
	Tests/Acceptance/run

check: lint test ## Tests and lint.

lint: ## swift-format, strictly.
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Fuzzing

format: ## Rewrite the sources as swift-format wants them.
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Fuzzing

bench: $(RELEASE) ## The scoreboard beside other clients; the transport against a bare libcurl loop, as ratios.
	Benchmarks/scoreboard --output markdown
	Benchmarks/run

sanitize: ## The Swift tests under the thread sanitizer, then under the address sanitizer.
	swift test --disable-xctest --sanitize=thread --scratch-path .build/thread
	swift test --disable-xctest --sanitize=address --scratch-path .build/address

fuzz: ## Feed the parsers random input for a minute each.
	Scripts/fuzz

install: $(RELEASE) ## Install into PREFIX, /usr/local unless said otherwise, below DESTDIR.
	@Scripts/install-files $(RELEASE) "$(DESTDIR)" "$(or $(PREFIX),/usr/local)"

uninstall: ## Remove what `make install` installed.
	@Scripts/install-files --remove "$(DESTDIR)" "$(or $(PREFIX),/usr/local)"

dist: $(RELEASE) ## The binary, stripped, with its files and checksums: an archive and a Debian package in .build/dist.
	@Scripts/make-distribution $(RELEASE) .build/dist

clean: ## Remove everything that was built.
	rm -rf .build
