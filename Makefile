# The short ways in; the build itself is CMake's (CMakeLists.txt, CMakePresets.json).
# `make help` lists them.

PREFIX  ?= /usr/local
DESTDIR ?=
# Build programs at once; ninja takes all processors unless told otherwise: make JOBS=2
JOBS    ?=
BUILD   := cmake --build build $(if $(JOBS),-j $(JOBS)) -- --quiet

.DEFAULT_GOAL := release
.PHONY: release demo test asan bench fuzz install uninstall format clean help

release: build/build.ninja ## build the library and the program into build/ (the default)
	@$(BUILD)
	@echo "built: build/handfast, build/libhandfast.a, build/libhandfast.so"

build/build.ninja:
	@tools/deps build
	@cmake --preset release >/dev/null

demo: ## serve a page over TLS, fetch it, and explain the handshake (HF_PORT=8443, ONCE=1)
	@tools/demo

test: ## everything CI runs: sanitizers, constant time, interop, install (PHASE=asan for a part)
	@tools/deps test
	@tools/test $(PHASE)

asan: ## build with AddressSanitizer and UndefinedBehaviorSanitizer into build/asan
	@tools/deps test
	@cmake --preset asan >/dev/null
	@cmake --build build/asan $(if $(JOBS),-j $(JOBS)) -- --quiet

bench: ## measure handshakes, records and memory beside other libraries; QUICK=1 in a minute
	@tools/deps test
	@cmake --preset release >/dev/null
	@$(BUILD)
	@build/handfast_bench $(if $(QUICK),--quick) --json build/bench.json --svg build/bench.svg
	@echo "written: build/bench.json, build/bench.svg"

fuzz: ## build the libFuzzer programs with clang into build/fuzzing/fuzz
	@tools/deps test
	@cmake --preset fuzz >/dev/null
	@cmake --build build/fuzzing $(if $(JOBS),-j $(JOBS)) -- --quiet
	@ls build/fuzzing/fuzz/libfuzz_*

install: release ## install below PREFIX (default /usr/local); DESTDIR for packagers
	@DESTDIR="$(DESTDIR)" cmake --install build --prefix "$(PREFIX)"

uninstall: ## remove what the last `make install` from this tree installed
	@test -f build/install_manifest.txt || { echo "nothing was installed from this tree" >&2; exit 1; }
	@while read -r file || [ -n "$$file" ]; do \
		rm -fv -- "$(DESTDIR)$$file"; \
	done <build/install_manifest.txt
	@rm build/install_manifest.txt

format: ## lay out every C file as .clang-format says
	@tools/format-check --fix

clean: ## remove build/
	@rm -rf build

help: ## show this list
	@echo "usage: make [TARGET]"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS="$$(printf '\t')" read -r name what; do printf '  %-10s %s\n' "$$name" "$$what"; done
