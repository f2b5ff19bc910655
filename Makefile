# maskinfo: `make task2` regenerates the figures of Task 2, `make test` runs the tests; both install
# what is missing first. `make` builds build/maskinfo and build/libmaskinfo.a.

CC      ?= gcc
BUILD   ?= build
PREFIX  ?= /usr/local
ARCH    ?= native
OPT     ?= -O3
VERSION := 0.1.0

WARN    := -Wall -Wextra -Wpedantic -Wshadow -Wconversion
DEFS    := -D_POSIX_C_SOURCE=200809L -DMI_VERSION='"$(VERSION)"'
ALLCFLAGS = -std=c11 $(OPT) -g -march=$(ARCH) -fopenmp $(WARN) $(DEFS) -Iinclude $(CFLAGS)
LIBS    := -lgsl -lopenblas -lcjson -lpng -ljpeg -lz -lm
LINK    = $(CC) -fopenmp $(CFLAGS) $(LDFLAGS)

LIB_SRC := $(filter-out src/cli/%,$(wildcard src/*/*.c))
CLI_SRC := $(wildcard src/cli/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))

.PHONY: all setup task2 test unit clean
.DELETE_ON_ERROR:

all: $(BUILD)/maskinfo $(BUILD)/libmaskinfo.a

$(BUILD)/libmaskinfo.a: $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/maskinfo: $(CLI_OBJ) $(BUILD)/libmaskinfo.a
	$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/program.o $(BUILD)/libmaskinfo.a
	$(LINK) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/program.o: DEFS += -DMI_BUILD='"$(BUILD)"'

setup:
	@scripts/setup

# Recursion, so that the build starts only when the packages are there.
task2: setup
	@$(MAKE) --no-print-directory all
	$(BUILD)/maskinfo run task2 --out plots/task2

test: setup
	@$(MAKE) --no-print-directory unit

unit: all $(TESTS)
	@for t in $(TESTS); do $$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(TESTS:=.d)
