# The two commands: `make reproduce` and `make test`. `make help` lists the rest.

PROFILE ?=
SWEEP   ?= $(if $(filter short paper,$(PROFILE)),table1,quick)
JOBS    ?= $(or $(shell $(LAQ) doctor 2>/dev/null | sed -n 's/^cores *\([0-9]*\).*/\1/p'),1)
BUILD   ?= build
FUZZ_SECONDS ?= 60
LAQ     := $(BUILD)/laq

# A folder of data sets beside the checkout serves as a mirror when there is one.
LAQ_DATA_MIRROR ?= $(wildcard ../shared/data)
ifneq ($(LAQ_DATA_MIRROR),)
export LAQ_DATA_MIRROR
endif

PACKAGES := cmake ninja-build g++ git libtorch-dev libyaml-cpp-dev libfmt-dev libhdf5-dev \
            nlohmann-json3-dev libcli11-dev libcurl4-openssl-dev libssl-dev \
            pkg-config libarchive-dev libdeflate-dev libmatio-dev libturbojpeg0-dev libpng-dev liblapacke-dev \
            libopenblas0-openmp libdnnl-dev ocl-icd-opencl-dev libboost-dev catch2 libbenchmark-dev \
            libutf8proc-dev libkainjow-mustache-dev dataset-fashion-mnist gnuplot-nox \
            libonnx-dev libprotobuf-dev
TEST_PACKAGES := hdf5-tools python3-onnx python3-h5py python3-pandas python3-scipy chromium poppler-utils slurm-wlm munge
FUZZ_PACKAGES := clang libclang-rt-dev libomp-dev
LINT_PACKAGES := clang-format clang-tidy

SOURCES := $(shell git ls-files '*.cpp' '*.hpp' 2>/dev/null)
SWEEP_OPTIONS := $(SWEEP) $(if $(PROFILE),--profile $(PROFILE))

.PHONY: reproduce test build program configure data sweep table plot report records bench gpu-check stress deps third-party sanitize fuzz format lint clean help

reproduce: program  ## install what is missing, build, get the data, run the sweep, write tables and report, compare with the reference
	@$(LAQ) data fetch mnist || echo "MNIST cannot be had here; what needs it runs on Fashion-MNIST instead, under its own name."
	$(LAQ) sweep $(SWEEP_OPTIONS) --jobs $(JOBS)
	$(LAQ) report $(SWEEP_OPTIONS)
	@if [ -n "$(PROFILE)" ] || [ ! -e configs/reference/$(SWEEP).json ]; then :; \
	elif $(LAQ) data verify mnist >/dev/null 2>&1; then $(LAQ) table $(SWEEP_OPTIONS) --check; \
	else echo "Not compared with configs/reference/$(SWEEP).json: that is of MNIST."; fi

test: deps-test build  ## install what is missing, build, pass the tests
	ctest --test-dir $(BUILD) --output-on-failure -j $(shell nproc)

build: configure  ## build/laq, the tests and the benchmarks
	cmake --build $(BUILD)

program: configure  ## build/laq alone
	cmake --build $(BUILD) --target laq

configure: deps
	@cmake --preset release $(if $(filter-out build,$(BUILD)),-B $(BUILD)) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

data: program  ## fetch every data set that can be had
	@$(LAQ) data fetch || echo "What is named above cannot be had here; the rest is in place."

sweep: program  ## run a sweep: SWEEP=… PROFILE=quick|short|paper JOBS=…
	$(LAQ) sweep $(SWEEP_OPTIONS) --jobs $(JOBS)

table: program  ## print a sweep's table from its records: SWEEP=… PROFILE=…
	$(LAQ) table $(SWEEP_OPTIONS)

plot: program  ## draw a sweep's figures from its records: SWEEP=… PROFILE=…
	$(LAQ) plot $(SWEEP_OPTIONS)

report: program  ## write a sweep's page (results/…/report.html): SWEEP=… PROFILE=…
	$(LAQ) report $(SWEEP_OPTIONS)

records:  ## copy the records of a sweep's completed runs to results/…/records, which git keeps: SWEEP=… SLIM=1
	@cd results/$(SWEEP)/runs && grep -l '"state": "completed"' */*/*/status.json | while read -r status; do \
	  run=$$(dirname "$$status"); mkdir -p "../records/$$run"; \
	  cp -p "$$run/config.yaml" "$$run/run.h5" "$$status" "../records/$$run/"; echo "results/$(SWEEP)/records/$$run"; \
	  [ -z "$(SLIM)" ] || ../../slim.py "../records/$$run/run.h5"; \
	done
	@cd results/$(SWEEP)/runs && for plan in sweep-*/plan.json; do \
	  mkdir -p "../records/$$(dirname "$$plan")" && cp -p "$$plan" "../records/$$plan"; \
	done

bench: build  ## measure kernels, training steps and inference; writes results/bench
	$(BUILD)/tests/laq_bench
	$(BUILD)/tests/laq_bench_inference

gpu-check: deps-test configure  ## on a machine with a GPU: compare every method with the CPU, time steps; writes results/bench/gpu_check.md
	cmake --build $(BUILD) --target laq_gpu_check
	$(BUILD)/tests/laq_gpu_check --out results/bench/gpu_check.md

KILLS   ?= 500
SEED    ?= 1
stress: deps-test build  ## kill and resume real runs, compare every byte: KILLS=500 SEED=1
	$(BUILD)/tests/kill_campaign $(KILLS) $(SEED)

deps:  ## list and install the Debian packages that are missing
	@cmake/dependencies.sh $(PACKAGES)

PREFIX ?= $(HOME)/laq-third-party
DEBS   ?= $(PREFIX)/debs
third-party:  ## without root: unpack the packages below PREFIX=…, from DEBS=… or downloaded; then . PREFIX/env.sh
	@cmake/third_party.sh "$(PREFIX)" "$(DEBS)" $(PACKAGES)

.PHONY: deps-test
deps-test: deps
	@cmake/dependencies.sh $(TEST_PACKAGES)

sanitize: deps-test  ## the library's tests under the address and undefined-behaviour sanitizers
	cmake --preset asan >/dev/null
	cmake --build build-asan --target laq_tests
	ctest --preset asan -L unit -j $(shell nproc)

fuzz: deps  ## fuzz the readers for FUZZ_SECONDS (60) in all; needs clang
	@cmake/dependencies.sh $(FUZZ_PACKAGES)
	cmake --preset fuzz >/dev/null
	cmake --build build-fuzz --target laq_fuzz
	tests/fuzz/run.sh build-fuzz/tests/fuzz $(FUZZ_SECONDS)

format:  ## format the sources in place
	@cmake/dependencies.sh $(LINT_PACKAGES)
	clang-format -i $(SOURCES)

lint: build  ## check formatting and run clang-tidy
	@cmake/dependencies.sh $(LINT_PACKAGES)
	clang-format --dry-run --Werror $(SOURCES)
	@mkdir -p $(BUILD)/lint  # clang cannot read GCC's precompiled headers
	@sed 's/-include [^ ]*cmake_pch\.hxx//' $(BUILD)/compile_commands.json >$(BUILD)/lint/compile_commands.json
	run-clang-tidy -quiet -p $(BUILD)/lint -j $(shell nproc) '$(CURDIR)/(src|analysis|experiments)/.*'

clean:  ## remove what was built (data and results stay)
	rm -rf build build-debug build-asan build-fuzz

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 14
