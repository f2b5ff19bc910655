# maskinfo: `make task2` regenerates the figures of Task 2, `make test` runs the tests; both install
# what is missing first. `make` builds build/maskinfo and build/libmaskinfo.a; `make help` lists the
# rest.

ifeq ($(origin CC),default)
CC      := gcc
endif
# MPI=1: sweeps by several processes, built beside the usual program.
ifeq ($(MPI),1)
CC      := mpicc
BUILD   ?= build/mpi
endif
BUILD   ?= build
PREFIX  ?= /usr/local
ARCH    ?= native
OPT     ?= -O3
PYTHON  ?= /usr/bin/python3
VERSION := 0.1.0
RELEASED := 2026-11-25

# V=1 shows the commands.
ifneq ($(V),1)
QUIET    = @echo "  $(notdir $@)";
endif

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
DEFS    := -D_POSIX_C_SOURCE=200809L -DMI_VERSION='"$(VERSION)"' $(if $(filter 1,$(MPI)),-DMI_MPI)
ALLCFLAGS = -std=c11 $(OPT) -g -march=$(ARCH) -fopenmp $(WARN) $(DEFS) -Iinclude $(CFLAGS)
LIBS    := -lgsl -lcholmod -lxsmm -lopenblas -lcjson -lpng -ljpeg -lz -lm
LINK    = $(CC) -fopenmp $(CFLAGS) $(LDFLAGS)

LIB_SRC := $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLI_SRC := $(wildcard src/cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
DOUBLE_OBJ := $(patsubst %.c,$(BUILD)/double/%.o,$(wildcard src/nets/*.c src/methods/*.c))
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
BENCHES := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/bench_*.c))
SOURCES := $(wildcard src/*/*.[ch] include/maskinfo/*.h tests/*.[ch] bench/*.[ch])

.PHONY: all help setup task2 test unit page bench docs install format lint clang sanitize threads fuzz \
        reduced clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/maskinfo $(BUILD)/libmaskinfo.a

help:
	@echo "make            build/maskinfo and build/libmaskinfo.a"
	@echo "make MPI=1      build/mpi/maskinfo, for sweeps under mpirun (docs/cluster.md)"
	@echo "make task2      set up, build, regenerate the figures of Task 2 under plots/task2"
	@echo "make test       set up, build, run the tests"
	@echo "make install    PREFIX=$(PREFIX): program, library, experiments, man page, completions"
	@echo "make bench      ratios against NumPy, SciPy and PyTorch in one run"
	@echo "make docs       docs/reference.md, and the figures of docs/ from plots/: run task2, task1c,"
	@echo "                task2b, potts, estimators, task4a, task4b, task4-run, task3, task5, the sweep-*,"
	@echo "                mae-gmrf (and --set ratio=\"uniform\" into plots/mae-gmrf-uniform) and checks first"
	@echo "make lint       clang-format, cppcheck, exported symbols"
	@echo "make clang      warning-free build under clang"
	@echo "make sanitize   tests under AddressSanitizer and UndefinedBehaviorSanitizer"
	@echo "make threads    tests of threaded code under ThreadSanitizer"
	@echo "make fuzz       fuzz each reader for FUZZ_SECONDS=$(FUZZ_SECONDS), FUZZ_TARGETS=... of them"
	@echo "make page       a small result as an HTML page, looked at in Chromium (needs chromium, nodejs, npm)"
	@echo "make reduced    task2 at a fiftieth of the effort, its result checked"

$(BUILD)/libmaskinfo.a: $(LIB_OBJ)
	@rm -f $@
	$(QUIET)ar rcs $@ $^

$(BUILD)/maskinfo: $(CLI_OBJ) $(BUILD)/libmaskinfo.a
	$(QUIET)$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/program.o $(BUILD)/libmaskinfo.a
	$(QUIET)$(LINK) -o $@ $^ $(LIBS) -lcmocka

# The networks in double precision, for tests that compare gradients with differences. (A static
# pattern: else the rule above wins while one of the objects is yet to be made.)
$(BUILD)/double/%.o: %.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALLCFLAGS) -DMI_DOUBLE -MMD -MP -c -o $@ $<

# Loops with square roots are vectorised only where these need not set errno; products and sums become
# fused multiply-adds, as GCC has it by itself except under -std=c11; vectors are
# passed to inlined functions alone.
$(BUILD)/src/nets/%.o $(BUILD)/double/src/nets/%.o: ALLCFLAGS += -fno-math-errno -ffp-contract=fast \
    -Wno-psabi

$(BUILD)/tests/test_double_%.o: DEFS += -DMI_DOUBLE

$(filter $(BUILD)/tests/test_double_%,$(TESTS)): $(BUILD)/tests/test_double_%: \
        $(BUILD)/tests/test_double_%.o $(DOUBLE_OBJ) $(BUILD)/libmaskinfo.a
	$(QUIET)$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/program.o $(BUILD)/tests/test_run.o $(BUILD)/tests/test_train_experiment.o \
$(BUILD)/tests/test_cli_pages.o: DEFS += -DMI_BUILD='"$(BUILD)"' -DMI_SANITIZE='"$(CFLAGS)"'

$(BUILD)/src/cli/man.o: DEFS += -DMI_RELEASED='"$(RELEASED)"'

# Allocations of the library and the program go through tests/faulty.c, which makes them fail. (Not by
# the linker's --wrap: libxsmm defines __real_calloc itself.) main is called by the test.
FAULTY := $(BUILD)/tests/test_faults $(BUILD)/tests/test_faults_program
$(BUILD)/tests/faults.a: $(CLI_OBJ) $(LIB_OBJ)
	@mkdir -p $(@D)
	@rm -f $@
	$(QUIET)ar rcs $@ $^ && objcopy --redefine-sym malloc=faulty_malloc \
	    --redefine-sym calloc=faulty_calloc --redefine-sym realloc=faulty_realloc \
	    --redefine-sym main=maskinfo_main $@

$(FAULTY): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/faulty.o $(BUILD)/tests/reduced.o \
        $(BUILD)/tests/program.o $(BUILD)/tests/faults.a
	$(QUIET)$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/test_checkpoint: LDFLAGS += -Wl,--wrap=rename
$(BUILD)/tests/test_journal: LDFLAGS += -Wl,--wrap=getline,--wrap=__getdelim,--wrap=fdatasync,--wrap=fcntl
$(BUILD)/tests/test_sweep_faults: LDFLAGS += -Wl,--wrap=mi_sweep_book_next

$(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/libmaskinfo.a
	$(QUIET)$(LINK) -o $@ $^ $(LIBS)

setup:
	@scripts/setup

# Recursion, so that the build starts only when the packages are there.
task2: setup
	@$(MAKE) --no-print-directory all
	$(BUILD)/maskinfo run task2 --out plots/task2

test: setup
	@$(MAKE) --no-print-directory unit

# Under -j2 two test programs run side by side, the output of each in one piece; waiting threads do
# not spin then. Everything is built before: some tests call make.
RUNS := $(patsubst %,%.run,$(TESTS))
.PHONY: $(RUNS)

unit: all $(TESTS)
	@$(MAKE) --no-print-directory --output-sync=target $(RUNS)

$(RUNS): %.run: %
	@MAKEFLAGS= OMP_WAIT_POLICY=passive $<

page: all
	@$(BUILD)/maskinfo run task4b --set effort=0.05 --quiet --out $(BUILD)/page/task4b
	@$(BUILD)/maskinfo report $(BUILD)/page/task4b
	BUILD=$(BUILD) scripts/report-check $(BUILD)/page/shots $(BUILD)/page/task4b/report.html

bench: all $(BENCHES)
	@scripts/setup python3-numpy python3-scipy python3-torch
	@BUILD=$(BUILD) PYTHON=$(PYTHON) bench/run

docs: all
	$(BUILD)/maskinfo list reference >$(BUILD)/reference.md
	mv $(BUILD)/reference.md docs/reference.md
	@mkdir -p docs/figures
	cp plots/task2/*.svg plots/task2/fits.md docs/figures/
	cp plots/task2/objective.png docs/figures/
	for f in masks strategies predictability redundancy; do \
	    cp plots/task1c/$$f.svg docs/figures/task1c-$$f.svg || exit 1; done
	cp plots/task2b/redundancy.svg docs/figures/task2b-redundancy.svg
	cp plots/potts/approximations.svg docs/figures/potts-approximations.svg
	cp plots/estimators/estimators.svg docs/figures/
	for f in map law loop; do cp plots/task4a/center_$$f.svg docs/figures/task4a-$$f.svg || exit 1; done
	cp plots/task4b/center_equilibrium.svg docs/figures/task4b-equilibrium.svg
	cp plots/checks/checks.svg docs/figures/
	cp plots/mae-gmrf/training.svg docs/figures/mae-gmrf-training.svg
	cp plots/mae-gmrf/reconstructions.png docs/figures/mae-gmrf-reconstructions.png
	cp plots/mae-gmrf-uniform/network.svg docs/figures/mae-gmrf-uniform.svg
	cp plots/task4-run/collapse.svg docs/figures/task4-run-collapse.svg
	cp plots/task3/methods.svg docs/figures/task3-methods.svg
	cp plots/task5/maps.png docs/figures/task5-maps.png
	for f in ratio/loss ratio/gap ratio/objective strategy/information strategy/objective \
	    data-size/optimum data-size/bias kappa/optimum kappa/exponent \
	    center/outcomes center/entropy; do \
	    cp plots/sweep-$$f.svg docs/figures/sweep-$$(echo $$f | tr / -).svg || exit 1; done

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/maskinfo $(DESTDIR)$(PREFIX)/share/maskinfo/experiments \
	    $(DESTDIR)$(PREFIX)/share/maskinfo/data/photos $(DESTDIR)$(PREFIX)/share/man/man1 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -m 755 $(BUILD)/maskinfo $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libmaskinfo.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 include/maskinfo/*.h $(DESTDIR)$(PREFIX)/include/maskinfo/
	install -m 644 experiments/*.json $(DESTDIR)$(PREFIX)/share/maskinfo/experiments/
	install -m 644 data/*.gz data/*.json $(DESTDIR)$(PREFIX)/share/maskinfo/data/
	install -m 644 data/photos/* $(DESTDIR)$(PREFIX)/share/maskinfo/data/photos/
	$(BUILD)/maskinfo list man >$(DESTDIR)$(PREFIX)/share/man/man1/maskinfo.1
	$(BUILD)/maskinfo list completion bash \
	    >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/maskinfo
	$(BUILD)/maskinfo list completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_maskinfo
	$(BUILD)/maskinfo list completion fish \
	    >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/maskinfo.fish
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' scripts/maskinfo.pc.in \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/maskinfo.pc

format:
	clang-format -i $(SOURCES)

# invalidFunctionArg: cppcheck 2.10 takes sums that start at 0 for zero arguments of log().
lint: $(BUILD)/libmaskinfo.a
	@clang-format --dry-run -Werror $(SOURCES)
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --suppress=missingIncludeSystem --suppress=invalidFunctionArg -Iinclude -DMI_VERSION='"x"' \
	    -DMI_RELEASED='"x"' src
	scripts/symbols $(BUILD)/libmaskinfo.a
	scripts/ladder

clang:
	$(MAKE) --no-print-directory BUILD=$(BUILD)/clang CC=clang CFLAGS='-Werror $(CFLAGS)' all

# An allocation that can not be had gives NULL, as without the sanitizer; the tests ask for some.
sanitize:
	ASAN_OPTIONS=allocator_may_return_null=1 $(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize OPT=-O1 \
	    CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' unit

# clang's OpenMP runtime tells ThreadSanitizer about its barriers through Archer.
threads:
	$(MAKE) --no-print-directory BUILD=$(BUILD)/threads CC=clang OPT=-O1 \
	    CFLAGS='-fsanitize=thread' all
	BUILD=$(BUILD)/threads scripts/threads

FUZZ_SECONDS ?= 20
FUZZ_TARGETS ?= $(patsubst tests/fuzz_%.c,%,$(wildcard tests/fuzz_*.c))
FUZZ_FLAGS   ?= -print_final_stats=0 -verbosity=0
fuzz:
	$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang OPT=-O1 \
	    CFLAGS='-fsanitize=fuzzer-no-link,address,undefined' fuzz-targets
	@for t in $(FUZZ_TARGETS); do echo "fuzz $$t"; mkdir -p $(BUILD)/fuzz/corpus-$$t && \
	    $(BUILD)/fuzz/fuzz_$$t -max_total_time=$(FUZZ_SECONDS) -timeout=20 -use_value_profile=1 \
	    -artifact_prefix=$(BUILD)/fuzz/ $(FUZZ_FLAGS) $(BUILD)/fuzz/corpus-$$t \
	    tests/corpus/$$t || exit 1; done

.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_TARGETS:%=$(BUILD)/fuzz_%)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz_%.o $(BUILD)/libmaskinfo.a
	$(QUIET)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

reduced: $(BUILD)/maskinfo $(BUILD)/tests/test_task2
	$(BUILD)/tests/test_task2

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(DOUBLE_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TESTS:=.d) $(BENCHES:=.d) $(BUILD)/tests/program.d \
    $(BUILD)/tests/faulty.d $(BUILD)/tests/reduced.d \
    $(patsubst %.c,$(BUILD)/%.d,$(wildcard tests/fuzz_*.c))
