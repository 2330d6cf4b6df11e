# SPDX-License-Identifier: GPL-2.0-or-later
#
# `make run` and `make check` do everything from a fresh clone on; `make help` lists the rest.
# O=DIR builds elsewhere, V=1 shows the commands, SAN=1 builds with sanitizers (build/san).

VERSION ?= 0.1.0
O ?= $(if $(SAN),build/san,build)
PREFIX ?= /usr/local
CLANG ?= clang
BPFTOOL ?= bpftool
CLANG_FORMAT ?= clang-format
CFLAGS ?= -O2 -g
ifeq ($(origin CC),default)
CC := gcc
endif

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

# what `make dist` has packed says so itself; it may lie within the repository of another
RELEASE = $(or $(file <.version),$(patsubst v%,%,$(shell git describe --tags --match 'v[0-9]*' 2>/dev/null)),$(VERSION))

# not in the PATH of a Debian user, but bpftool and ip live there
export PATH := $(PATH):/usr/sbin:/sbin
export CC CLANG BPFTOOL CLANG_FORMAT SAN

ifneq ($(filter $(abspath $(O))/%,$(CURDIR)/.),)
$(error O=$(O) holds the sources; name a folder that may be removed)
endif
# one name for one folder, or the same flags would seem to differ
override O := $(patsubst $(CURDIR)/%,%,$(abspath $(O)))

# ---------------------------------------------------------------------------------- doors
# What a user calls on a fresh machine: the packages first, then the build, then the thing.
# They know nothing of the build, which may not be possible yet.

CHECKS := check check-unit check-golden check-cli check-fuzz check-live check-bench check-vm check-web check-lint check-analysis check-valgrind check-fanalyzer
DOORS := help deps run demo bench soak fuzz clean format check-format golden-update coverage check-san check-faults $(CHECKS)
.PHONY: $(DOORS) all install uninstall dist deb programs bench-programs fuzzers analysis analysis-product fanalyzer compile_commands.json FORCE

BUILD = +@$(MAKE) $(if $(V),,-s) $(if $(filter -j%,$(MAKEFLAGS)),,-j$$(nproc))
AS_ROOT = $$([ $$(id -u) = 0 ] || command -v sudo)
NEEDED = @contrib/deps --needed

help:
	@echo 'make run            install what is missing, build, trace this host (ARGS="--for 10s")'
	@echo 'make demo           the same, with a small workload to look at'
	@echo 'make check          install what is missing, build, run the whole test suite'
	@echo '                    parts of it: $(filter-out check check-valgrind check-fanalyzer,$(CHECKS))'
	@echo '                    no parts, since they take long: check-valgrind check-fanalyzer'
	@echo 'make check-san      unit, golden and cli tests with sanitizers, in build/san'
	@echo 'make check-faults   each allocation fails once, of each command, and a minute of one in five'
	@echo 'make coverage       which lines the tests reach, in build/coverage'
	@echo 'make bench          what it costs, as one table (ARGS="-o json" for machines)'
	@echo 'make soak           whether it grows or loses anything in the long run (FOR=30m; ARGS="-o json")'
	@echo 'make fuzz           feed what reads hostile input with bytes at random (FOR=60s each)'
	@echo 'make                build $(O)/twtrace'
	@echo 'make deps           install the Debian packages that building and testing need'
	@echo 'make install        into $$(DESTDIR)$$(PREFIX), PREFIX=$(PREFIX); make uninstall'
	@echo 'make dist           $(O)/twtrace-VERSION.tar.xz of what is committed'
	@echo 'make deb            a Debian package of the same, in $(O)/deb'
	@echo 'make golden-update  rewrite what the golden tests expect, and show the difference'
	@echo 'make format         give the code its form; check-format only looks'
	@echo 'make compile_commands.json, make clean'

deps:
	@contrib/deps

run:
	$(NEEDED)
	$(BUILD) all
	@echo "Tracing this host, Ctrl-C ends it. An idle host shows little: try 'make demo'."
	@$(AS_ROOT) $(O)/twtrace top $(ARGS)

demo:
	$(NEEDED)
	$(BUILD) all
	@$(AS_ROOT) $(O)/twtrace demo $(ARGS)

bench:
	$(NEEDED)
	$(BUILD) bench-programs
	@$(AS_ROOT) env BUILD=$(O) PATH="$$PATH" tests/bench/run $(ARGS)

soak:
	$(NEEDED)
	$(BUILD) programs
	@$(AS_ROOT) env BUILD=$(O) PATH="$$PATH" tests/soak/run --for $(or $(FOR),30m) $(ARGS)

fuzz:
	$(NEEDED)
	$(BUILD) fuzzers
	@BUILD=$(O) tests/fuzz/run --for $(or $(FOR),60s)

$(CHECKS):
	$(NEEDED)
	$(if $(filter check-lint check-fuzz,$@),,$(BUILD) programs)
	$(if $(filter check check-fuzz,$@),$(BUILD) fuzzers)
	@BUILD=$(O) tests/run $(patsubst check-%,%,$(filter-out check,$@))

# What asks what is built for something: not the tests of the build. Leaks are searched for at the
# end of every program; each takes some times as long, so live and web are left to be asked for, by
# `make SAN=1 programs`, then `BUILD=build/san tests/run web` or `... tests/run tests/live/X.bats`.
# check-valgrind leaves them out, and cli: valgrind takes libbpf's bpf(2) for errors, and says on
# standard error, which cli compares, that it does not know Landlock (tests/valgrind).
SANITIZED := unit golden $(filter-out $(patsubst %,tests/cli/%.bats,build deploy install packages),$(wildcard tests/cli/*.bats))

check-san:
	$(NEEDED)
	+@$(MAKE) SAN=1 programs
	@BUILD=build/san LIMIT=1300 tests/run $(SANITIZED)

# takes hours: what fails and where is told as it goes
check-faults:
	$(NEEDED)
	$(BUILD) programs
	@$(AS_ROOT) env BUILD=$(abspath $(O)) PATH="$$PATH" tests/faults/run $(or $(ARGS),--all offline live minute)

# as the compiler has written it, so that each line is its own; what it counts, all threads count
COVERAGE = O=build/coverage CFLAGS='-O0 -g --coverage -fprofile-update=atomic -U_FORTIFY_SOURCE'
COUNTS = build/coverage/tests/coverage/counts.o
coverage:
	$(NEEDED)
	+@$(MAKE) $(COVERAGE) $(COUNTS)
	+@$(MAKE) $(COVERAGE) LDFLAGS='--coverage -Wl,--wrap=_exit,--wrap=landlock_limit $(COUNTS)' programs
	@BUILD=build/coverage tests/coverage/run

golden-update:
	$(BUILD) all
	@BUILD=$(O) tests/run --update golden

format:
	@contrib/format

check-format:
	@contrib/format --check

clean:
	rm -rf $(O) compile_commands.json

ifneq ($(filter-out $(DOORS),$(or $(MAKECMDGOALS),all)),)
# ---------------------------------------------------------------------------------- build

# ARCH, LIBS and LIB_CFLAGS, asked for once; where something is missing it ends here
$(if $(shell [ $(O)/config.mk -nt contrib/packages ] && [ $(O)/config.mk -nt contrib/deps ] || { mkdir -p $(O) && \
	CC='$(CC)' CLANG='$(CLANG)' BPFTOOL='$(BPFTOOL)' contrib/deps --config >$(O)/config.new && \
	mv $(O)/config.new $(O)/config.mk || echo failed; }),$(error 'make deps' installs what is missing))
include $(O)/config.mk
LIBS += -lm

WARNINGS := -Wall -Wextra -Werror
ALL_CFLAGS = -std=gnu11 $(WARNINGS) -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
	-D_GNU_SOURCE -Iinclude -Iuser -I$(O) -I$(O)/user $(LIB_CFLAGS) -pthread -fPIE \
	-fstack-protector-strong $(if $(filter x86,$(ARCH)),-fcf-protection) \
	$(if $(SAN),$(SAN_FLAGS),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2) $(CFLAGS)
ALL_LDFLAGS = -pie -pthread -Wl,-z,relro,-z,now,--as-needed $(if $(SAN),$(SAN_FLAGS)) $(LDFLAGS)
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARNINGS) \
	-Wno-unused-parameter -I. -Iinclude $(LIB_CFLAGS)

BPF_SRCS := $(wildcard bpf/*.bpf.c)
USER_SRCS := $(wildcard user/*.c user/*/*.c)
UNIT_SRCS := $(wildcard tests/unit/test_*.c)
TRAFFIC_SRCS := $(wildcard tests/live/traffic/*.c)
LEAKS_SRCS := $(wildcard tests/live/leaks/*.c)
FLAME_SRCS := $(wildcard tests/cli/flame/*.c)
DRAW_SRCS := $(wildcard tests/screen/*.c)
FUZZ_SRCS := $(wildcard tests/fuzz/*.c)
BPF_OBJS := $(BPF_SRCS:%.c=$(O)/%.o)
PROTOS := $(patsubst %.proto,$(O)/%.pb-c,$(wildcard user/*/*.proto))
USER_OBJS := $(USER_SRCS:%.c=$(O)/%.o) $(PROTOS:=.o)
TRAFFIC_OBJS := $(TRAFFIC_SRCS:%.c=$(O)/%.o)
LEAKS_OBJS := $(LEAKS_SRCS:%.c=$(O)/%.o)
FLAME_OBJS := $(FLAME_SRCS:%.c=$(O)/%.o)
METRICS_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard tests/cli/metrics/metrics.c))
DRAW_OBJS := $(DRAW_SRCS:%.c=$(O)/%.o)
UNIT_TESTS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/%)
PAGES := $(patsubst docs/man/%,$(O)/man/%,$(wildcard docs/man/*.1))

all: $(O)/twtrace $(PAGES)
STACKED := $(addprefix $(O)/tests/stacks/,show framed frameless)
programs: all bench-programs $(O)/tests/fault.so $(UNIT_TESTS) $(if $(FLAME_SRCS),$(O)/tests/flame) $(O)/tests/metrics $(if $(DRAW_SRCS),$(O)/tests/draw) $(if $(TRAFFIC_SRCS),$(O)/tests/traffic) \
	$(if $(LEAKS_SRCS),$(O)/tests/leaks) $(STACKED) $(if $(wildcard tests/web/fixture.c),$(O)/tests/flame-fixture)

# $(call say,CC) names the tool and what it makes; with V=1 the command says it itself
say = @mkdir -p $(@D)$(if $(V),, && printf '  %-7s %s\n' $1 $(@:$(O)/%=%))
Q := $(if $(V),,@)

# A file that holds $1 and is touched only when that changes: what depends on it notices
# other flags, another version, a source that is gone. (With the `+`, make -n looks too.)
remember = $(if $(subst =$(strip $1),,=$(strip $(file <$@))),$(shell mkdir -p $(@D))$(file >$@,$(strip $1)))
hash := \#
$(O)/compile.flags: FORCE ; +$(call remember,$(CC) $(ALL_CFLAGS))
$(O)/link.flags: FORCE ; +$(call remember,$(CC) $(ALL_LDFLAGS) $(LIBS) $(USER_OBJS))
$(O)/bpf.flags: FORCE ; +$(call remember,$(CLANG) $(BPF_CFLAGS) $(BPF_OBJS))
$(O)/version.h: FORCE
	+$(call remember,$(hash)define TWTRACE_VERSION "$(RELEASE)")

$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/bpf.flags
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/twtrace.bpf.o: $(BPF_OBJS)
	$(call say,LINK)
	$(Q)$(BPFTOOL) gen object $@ $^

$(O)/twtrace.skel.h: $(O)/twtrace.bpf.o
	$(call say,SKEL)
	$(Q){ echo '/* NOLINTBEGIN: of bpftool */'; $(BPFTOOL) gen skeleton $< name twtrace_bpf; echo '/* NOLINTEND */'; } >$@

$(O)/%.o: %.c $(O)/compile.flags
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA) -MMD -MP -c -o $@ $<

$(O)/%.pb-c.c $(O)/%.pb-c.h: %.proto
	$(call say,PROTO)
	$(Q)protoc-c -I $(<D) --c_out=$(@D) $<

$(PROTOS:=.o): %.o: %.c $(O)/compile.flags
	$(call say,CC)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# what is generated must be there before the first compilation; then the .d files know
$(filter $(O)/user/source/%,$(USER_OBJS)): | $(O)/twtrace.skel.h
$(filter-out $(PROTOS:=.o),$(filter $(O)/user/sink/%,$(USER_OBJS))): | $(PROTOS:=.h)
$(O)/user/sink/flame_svg.o: | $(O)/flame_svg_parts.h
$(O)/user/sink/flame_html.o: | $(O)/flame_html_parts.h
$(O)/user/sink/page.o: | $(O)/page_parts.h
VERSIONED := $(filter $(O)/user/cmd/% $(O)/user/main.o,$(USER_OBJS))
$(VERSIONED): | $(O)/version.h
$(VERSIONED): EXTRA = -include $(O)/version.h

$(O)/twtrace: $(USER_OBJS) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# what commands share of their options stands in one file, which .so names
$(PAGES): $(O)/man/%: docs/man/% $(wildcard docs/man/options/*.man)
	$(call say,MAN)
	$(Q)awk '/^[.]so / { part = "docs/man/" $$2; lines = 0; \
		while ((getline line <part) > 0) if (lines++) print line; \
		close(part); if (!lines) { print "$<: there is no " part >"/dev/stderr"; exit 1 } next } 1' $< >$@

# ------------------------------------------------------------------- styles and scripts
# of pictures, as literals: what runs in a browser is part of the program

SVG_STYLE := $(addprefix user/sink/,flame.css flame_svg.css)
SVG_SCRIPT := $(addprefix user/sink/,flame_view.js flame_svg.js)
HTML_STYLE := $(addprefix user/sink/,flame.css flame_page.css)
FLAME_SCRIPT := $(addprefix user/sink/,flame_view.js flame_text.js flame_tree.js flame_table.js \
	flame_frames.js flame_page.js)
HTML_SCRIPT := $(FLAME_SCRIPT) user/sink/flame_start.js
PAGE_BODY := user/web/page.html
PAGE_STYLE := $(HTML_STYLE) $(addprefix user/web/,page.css page_colors.css)
PAGE_SCRIPT := $(FLAME_SCRIPT) $(addprefix user/web/,build.js place.js feed.js panels.js figures.js \
	table.js columns.js head.js charts.js cards.js leaks.js budgets.js doctor.js flame.js \
	events.js page.js)
PAGE_CHART ?= /usr/share/javascript/chart.js/chart.min.js

# $(call literal,NAME,FILES) defines NAME as their bytes; no question mark begins a trigraph
literal = echo '$(hash)define $1 \'; sed 's/[\"?]/\\&/g; s/.*/\t"&\\n" \\/' $2; echo '	""';
# $(call digest,NAME,FILES), as a Content-Security-Policy names them
digest = printf '$(hash)define $1 "sha256-%s"\n' \
	"$$(cat $2 | sha256sum | cut -c 1-64 | tr a-f A-F | basenc -d --base16 | basenc --base64)";

$(O)/flame_svg_parts.h: $(SVG_STYLE) $(SVG_SCRIPT) Makefile
	$(call say,TEXT)
	$(Q){ $(call literal,FLAME_SVG_STYLE,$(SVG_STYLE)) $(call literal,FLAME_SVG_SCRIPT,$(SVG_SCRIPT)) } >$@

$(O)/flame_html_parts.h: $(HTML_STYLE) $(HTML_SCRIPT) Makefile
	$(call say,TEXT)
	$(Q){ $(call literal,FLAME_HTML_STYLE,$(HTML_STYLE)) $(call literal,FLAME_HTML_SCRIPT,$(HTML_SCRIPT)) \
	$(call digest,FLAME_HTML_STYLE_DIGEST,$(HTML_STYLE)) \
	$(call digest,FLAME_HTML_SCRIPT_DIGEST,$(HTML_SCRIPT)) } >$@

$(O)/page_parts.h: $(PAGE_BODY) $(PAGE_STYLE) $(PAGE_SCRIPT) $(PAGE_CHART) Makefile
	$(call say,TEXT)
	$(Q){ $(foreach part,BODY STYLE SCRIPT CHART,$(call literal,PAGE_$(part),$(PAGE_$(part)))) \
	$(foreach part,STYLE SCRIPT CHART,$(call digest,PAGE_$(part)_DIGEST,$(PAGE_$(part)))) } >$@

# ---------------------------------------------------------------------------------- tests
# test_ROOM_x is linked with that room and those below it, never more: a room that reaches
# further fails to link. The tests of sinks bring a model of their own, but for its words.

LINKED_base := base
LINKED_model := base model
LINKED_doctor := base model doctor
LINKED_sink := base sink
LINKED_source := base source
LINKED_screen := base model sink screen
LINKED_serve := base serve
LINKED_cmd := base model source sink doctor screen serve cmd
LINKED_sink_too := $(O)/user/model/filter.o $(O)/user/model/names.o $(O)/user/model/flame_names.o $(O)/user/model/samples.o $(O)/user/model/compare.o $(O)/user/model/history.o
linked = $(filter $(foreach room,$(LINKED_$(word 2,$(subst _, ,$1))),$(O)/user/$(room)/%),$(USER_OBJS)) \
	$(LINKED_$(word 2,$(subst _, ,$1))_too)

.SECONDEXPANSION:
$(UNIT_TESTS): $(O)/tests/%: $(O)/tests/unit/%.o $$(call linked,$$*) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS) -lcmocka

$(O)/tests/traffic: $(TRAFFIC_OBJS) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^)

# their stacks are part of the tests: whatever CFLAGS say, functions, lines and frames are there
$(LEAKS_OBJS): EXTRA = -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls
$(O)/tests/leaks: $(LEAKS_OBJS) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^)

# What the tests of stacks trace is built as they expect it, whatever CFLAGS say.
STACKED_CFLAGS := -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -O1 -g -pthread
$(O)/tests/stacks/framed: STACKED_CFLAGS += -fno-omit-frame-pointer
$(O)/tests/stacks/frameless: STACKED_CFLAGS += -fomit-frame-pointer
$(O)/tests/stacks/framed $(O)/tests/stacks/frameless: tests/live/stacks/program.c $(O)/compile.flags
	$(call say,CC)
	$(Q)$(CC) $(STACKED_CFLAGS) -o $@ $<

$(O)/tests/stacks/show: $(O)/tests/live/stacks/show.o $(filter $(O)/user/base/% $(O)/user/source/%,$(USER_OBJS)) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# the formats of flame-style summaries, before there is a model to summarise
$(FLAME_OBJS): EXTRA = -Itests/unit
$(O)/tests/flame: $(FLAME_OBJS) $(filter $(foreach room,base model sink,$(O)/user/$(room)/%),$(USER_OBJS)) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# to be preloaded: makes calls of what is tested fail
$(O)/tests/fault.so: tests/faults/fault.c tests/unit/next.h $(O)/compile.flags
	$(call say,CC)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -D_GNU_SOURCE -Itests/unit -O1 -g -fPIC -shared -o $@ $<

# what /metrics would say of a recording
$(O)/tests/metrics: $(METRICS_OBJ) $(filter $(foreach room,base model sink,$(O)/user/$(room)/%) $(O)/user/source/recording.o,$(USER_OBJS)) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# what the full-screen view makes of a recording
$(O)/tests/draw: $(DRAW_OBJS) $(filter $(foreach room,base model sink source screen,$(O)/user/$(room)/%),$(USER_OBJS)) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# in programs that are built for coverage
$(O)/tests/coverage/counts.o $(O)/tests/coverage/counts.analysed: EXTRA = -DCOUNTS_FOLDER='"$(CURDIR)/$(O)"'

# flames with names that bite, for the tests of pictures in a browser
$(O)/tests/flame-fixture: $(O)/tests/web/fixture.o $(filter $(foreach room,base model sink,$(O)/user/$(room)/%),$(USER_OBJS)) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

# -------------------------------------------------------------------------------- fuzzers
# $(O)/fuzz/NAME is made of tests/fuzz/NAME.c, of what stands here and of all rooms, compiled once
# more: by clang, which counts what is reached, and with sanitizers.

FUZZERS := records recording doctor arguments request symbols
PARTS_records := account
PARTS_recording := account
FUZZ_PROGRAMS := $(FUZZERS:%=$(O)/fuzz/%)
FUZZ_ROOMS := $(filter-out $(O)/fuzz/user/main.o,$(USER_SRCS:%.c=$(O)/fuzz/%.o)) $(PROTOS:$(O)/%=$(O)/fuzz/%.o)
FUZZ_SAN := address,undefined -fno-sanitize-recover=all
# gcc has warned of what there is to warn of
FUZZ_CFLAGS = $(filter-out -D_FORTIFY_SOURCE=2,$(ALL_CFLAGS)) -w -O1 -g -fno-omit-frame-pointer -DTWTRACE_VERSION='"0"' \
	-fsanitize=fuzzer-no-link,$(FUZZ_SAN)
fuzzers: $(FUZZ_PROGRAMS)
$(O)/fuzz.flags: FORCE ; +$(call remember,$(CLANG) $(FUZZ_CFLAGS) $(FUZZ_ROOMS))

$(O)/fuzz/%.o: %.c $(O)/fuzz.flags | $(O)/twtrace.skel.h $(PROTOS:=.h) $(addprefix $(O)/,flame_svg_parts.h flame_html_parts.h page_parts.h)
	$(call say,FUZZ)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(PROTOS:$(O)/%=$(O)/fuzz/%.o): $(O)/fuzz/%.o: $(O)/%.c $(O)/fuzz.flags
	$(call say,FUZZ)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

fuzz_parts = $(patsubst %,$(O)/fuzz/tests/fuzz/%.o,$1 fuzz $(PARTS_$1))
$(FUZZ_PROGRAMS): $(O)/fuzz/%: $$(call fuzz_parts,$$*) $(FUZZ_ROOMS)
	$(call say,LINK)
	$(Q)$(CLANG) $(ALL_LDFLAGS) -fsanitize=fuzzer,$(FUZZ_SAN) -o $@ $^ $(LIBS)

-include $(patsubst %.c,$(O)/fuzz/%.d,$(FUZZ_SRCS) $(USER_SRCS))

# ----------------------------------------------------------------------------- benchmarks
# build/bench/NAME is made of tests/bench/NAME.c and, of the same folder, what stands here

BENCH := churn hold empty programs standin replay model flame scrape
PARTS_churn := churn_client churn_server churn_report common netns
PARTS_hold := common netns
PARTS_empty := common
PARTS_programs := common
PARTS_standin := common
PARTS_replay := common
# the model alone, as the unit tests of the room link it
ROOMS_model := $(call linked,bench_model)
PARTS_flame := common
ROOMS_flame = $(filter $(O)/user/base/% $(O)/user/model/% $(O)/user/sink/%,$(USER_OBJS))
PARTS_scrape := common
ROOMS_scrape = $(ROOMS_flame)
ROOMS_replay := $(ROOMS_model) $(O)/user/source/recording.o
BENCH_BPF_SRCS := $(wildcard tests/bench/*.bpf.c)
BENCH_SRCS := $(filter-out $(BENCH_BPF_SRCS),$(wildcard tests/bench/*.c))
BENCH_PROGRAMS := $(BENCH:%=$(O)/bench/%)
BENCH_SKELS := $(BENCH_BPF_SRCS:%.bpf.c=$(O)/%.skel.h)
bench-programs: all $(BENCH_PROGRAMS)

$(O)/tests/bench/%.bpf.o: tests/bench/%.bpf.c $(O)/bpf.flags
	$(call say,BPF)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(BENCH_SKELS): %.skel.h: %.bpf.o
	$(call say,SKEL)
	$(Q)$(BPFTOOL) gen skeleton $< name $(*F)_bpf >$@

$(BENCH_SKELS:%.skel.h=%.o): %.o: | %.skel.h
$(BENCH_SKELS:%.skel.h=%.o): EXTRA = -I$(@D)

parts = $(patsubst %,$(O)/tests/bench/%.o,$1 $(PARTS_$1)) $(ROOMS_$1)
$(BENCH_PROGRAMS): $(O)/bench/%: $$(call parts,$$*) $(O)/link.flags
	$(call say,LINK)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

-include $(wildcard $(O)/tests/bench/*.d)
-include $(wildcard $(patsubst %.o,%.d,$(BPF_OBJS) $(USER_OBJS) $(TRAFFIC_OBJS) $(LEAKS_OBJS) $(FLAME_OBJS) $(METRICS_OBJ) $(DRAW_OBJS) \
	$(O)/tests/live/stacks/show.o $(O)/tests/coverage/counts.o $(O)/tests/web/fixture.o $(UNIT_SRCS:%.c=$(O)/%.o)))

# ------------------------------------------------------------------------------- analysis
# What clang-tidy and cppcheck say of a file; they are asked again when its object is made again.

TEST_SRCS := $(filter-out $(BENCH_BPF_SRCS),$(wildcard tests/*/*.c tests/*/*/*.c))
ANALYSED := $(patsubst %.c,$(O)/%.analysed,$(USER_SRCS) $(BPF_SRCS) $(TEST_SRCS) $(BENCH_BPF_SRCS))
CPPCHECK = cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --std=c11 \
	--suppressions-list=contrib/cppcheck.suppressions --library=contrib/cppcheck.cfg -D_GNU_SOURCE \
	$(filter -DHAVE_%,$(LIB_CFLAGS)) -Iinclude -Iuser -Itests/unit
analysis: $(ANALYSED)
analysis-product: $(patsubst %.c,$(O)/%.analysed,$(USER_SRCS) $(BPF_SRCS))
$(O)/tests/faults/fault.o: EXTRA = -Itests/unit
$(O)/%.analysed: $(O)/%.o .clang-tidy tests/.clang-tidy contrib/cppcheck.suppressions contrib/cppcheck.cfg
	$(call say,LOOK)
	$(Q){ clang-tidy --quiet $(ANALYSIS_CHECKS) $*.c -- $(ANALYSIS_CFLAGS) 2>/dev/null && $(CPPCHECK) $*.c 2>&1; } >$@ || { cat $@; exit 1; }
ANALYSIS_CFLAGS = $(ALL_CFLAGS) $(EXTRA) -Itests/unit -I$(O)/tests/bench -include $(O)/version.h
$(patsubst %.c,$(O)/%.analysed,$(BPF_SRCS) $(BENCH_BPF_SRCS)): ANALYSIS_CFLAGS = $(BPF_CFLAGS)
# that is the verifier's, which knows what bpf_*() fill in; and a program names what the kernel hands it
$(patsubst %.c,$(O)/%.analysed,$(BPF_SRCS) $(BENCH_BPF_SRCS)): ANALYSIS_CHECKS = \
	--checks=-clang-analyzer-core.uninitialized*,-misc-unused-parameters

# What gcc's analyzer says of a file, as gcc's JSON.
FANALYZED := $(USER_SRCS:%.c=$(O)/%.fanalyzer)
fanalyzer: $(FANALYZED)
$(O)/%.fanalyzer: $(O)/%.o
	$(call say,LOOK)
	$(Q)$(CC) $(filter-out -Werror,$(ALL_CFLAGS)) -include $(O)/version.h -fanalyzer \
		-fdiagnostics-format=json -S -o /dev/null $*.c 2>$@

# ------------------------------------------------------------------------------ the rest

define newline


endef

# $(call put,MODE,FILES,DIRECTORY), for each of what there is; a unit names the program's path
installed = $(call put,755,$(O)/twtrace,$(PREFIX)/bin) \
	$(call put,644,$(PAGES),$(PREFIX)/share/man/man1) \
	$(call put,644,$(O)/completions/twtrace,$(PREFIX)/share/bash-completion/completions) \
	$(call put,644,contrib/completions/twtrace.fish,$(PREFIX)/share/fish/vendor_completions.d) \
	$(call put,644,contrib/completions/_twtrace,$(PREFIX)/share/zsh/$(ZSH)) \
	$(call put,644,$(UNITS),$(UNITDIR)) \
	$(call put,644,README.md SECURITY.md,$(DOCDIR)) \
	$(call put,644,$(wildcard docs/*.md docs/*.png),$(DOCDIR)/docs) \
	$(call put,644,$(wildcard docs/schema/*.json),$(DOCDIR)/docs/schema) \
	$(foreach d,$(EXAMPLES),$(call put,644,$(wildcard $d/*),$(DOCDIR)/examples/$(notdir $d)))
ZSH ?= $(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
UNITDIR ?= $(patsubst /usr/lib/%,/lib/%,$(PREFIX)/lib/systemd/system)
DOCDIR = $(PREFIX)/share/doc/twtrace
EXAMPLES := $(wildcard $(addprefix contrib/,prometheus grafana docker kubernetes))
UNITS := $(patsubst contrib/systemd/%,$(O)/systemd/%,$(wildcard contrib/systemd/*.service))

install: put = install -d $(DESTDIR)$3$(newline)install -m $1 $2 $(DESTDIR)$3$(newline)
install: all $(O)/completions/twtrace $(UNITS)
	$(installed)

uninstall: put = rm -f $(addprefix $(DESTDIR)$3/,$(notdir $2))$(newline)
uninstall:
	$(installed)
	-find $(DESTDIR)$(DOCDIR) -depth -type d -empty -delete

$(O)/completions/twtrace: contrib/completions/twtrace.bash
	$(call say,COPY)
	$(Q)cp $< $@

$(O)/systemd/%.service: contrib/systemd/%.service FORCE
	$(call say,UNIT)
	$(Q)sed 's|/usr/bin/twtrace|$(PREFIX)/bin/twtrace|' $< >$@

# what is committed, the same bytes wherever and whenever: version, order, times, owners, modes
# and the way it is compressed are given
dist:
	@contrib/dist $(RELEASE) $(O)

deb:
	@contrib/deb $(RELEASE) $(O)

# for editors and clangd; longer than what a shell can be given
entry = {"directory": "$(CURDIR)", "file": "$1", "command": "$2 -c $1"}
compile_commands.json: $(O)/twtrace.skel.h $(PROTOS:=.h) $(BENCH_SKELS) $(O)/version.h
	$(file >$@,$(foreach s,$(BPF_SRCS) $(BENCH_BPF_SRCS),$(call entry,$s,$(CLANG) $(BPF_CFLAGS))$(newline)) \
	$(foreach s,$(USER_SRCS) $(UNIT_SRCS) $(TRAFFIC_SRCS) $(LEAKS_SRCS) $(FLAME_SRCS) $(METRICS_OBJ:$(O)/%.o=%.c) $(DRAW_SRCS) $(wildcard tests/web/*.c) $(BENCH_SRCS),$(call entry,$s,$(CC) $(ALL_CFLAGS) -I$(O)/tests/bench -Itests/unit -include $(O)/version.h)$(newline)))
	@sed -i 's/^ *//; /^$$/d' $@
	@sed -i '1s/^/[/; $$!s/$$/,/; $$s/$$/]/' $@
endif
