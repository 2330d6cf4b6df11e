#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The build itself, and the runner of the tests. On what has been built; nothing is rebuilt here
# but what an edit since then asks for.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BUILD:-$ROOT/build}
	TWTRACE=${TWTRACE:-$BUILD/twtrace}
	BUILD=${BUILD#"$ROOT/"}
	cd "$ROOT" || return
	unset MAKEFLAGS MAKELEVEL
}

# build ARGS...: make, in the build that is tested
build() {
	make O="$BUILD" "$@"
}

# path_without COMMAND...: prints a PATH that has everything else.
path_without() {
	local bin=$BATS_TEST_TMPDIR/bin command

	mkdir -p "$bin"
	ln -sf /usr/sbin/* /usr/bin/* "$bin"
	for command in "$@"; do
		rm -f "$bin/$command"
	done
	echo "$bin"
}

# fake COMMAND SCRIPT: in front of the PATH.
fake() {
	mkdir -p "$BATS_TEST_TMPDIR/fake"
	printf '#!/bin/bash\n%s\n' "$2" >"$BATS_TEST_TMPDIR/fake/$1"
	chmod +x "$BATS_TEST_TMPDIR/fake/$1"
	PATH=$BATS_TEST_TMPDIR/fake:${PATH#"$BATS_TEST_TMPDIR/fake:"}
}

# ------------------------------------------------------------------------------------ make

@test "an unchanged make does nothing, in under half a second" {
	local begin took

	build all >/dev/null
	for _ in 1 2 3; do # the machine may be busy
		begin=${EPOCHREALTIME/[.,]/}
		run build
		took=$((${EPOCHREALTIME/[.,]/} - begin))
		[[ $status == 0 && ($output == "" || $output == *"Nothing to be done"*) ]]
		((took >= 500000)) || return 0
	done
	echo "took $took us"
	false
}

@test "a header of both sides rebuilds both" {
	run build -n V=1 -W include/tw_record.h
	[[ $status == 0 ]]
	[[ $output == *"-o $BUILD/bpf/lifecycle.bpf.o bpf/lifecycle.bpf.c"* ]]
	[[ $output == *"gen skeleton"* ]]
	[[ $output == *"-o $BUILD/user/source/live.o user/source/live.c"* ]]
	[[ $output == *"-o $BUILD/twtrace "* ]]
}

@test "a header of one room leaves the others alone" {
	run build -n V=1 -W user/sink/value.h
	[[ $status == 0 ]]
	[[ $output == *" user/sink/value.c"* ]]
	[[ $output != *" user/model/"* && $output != *" bpf/"* ]]
}

@test "V=1 shows the commands, without it their names are shown" {
	run build -n V=1 -W user/base/text.c
	[[ $output == *"-Werror"*"-c -o $BUILD/user/base/text.o user/base/text.c"* ]]
	run build -n -W user/base/text.c
	[[ $output == *"  %-7s %s"*" CC user/base/text.o"* ]]
}

@test "the program is hardened" {
	[[ -z ${SAN:-} ]] || skip "a build with sanitizers"
	run readelf -hldW "$TWTRACE"
	[[ $output == *"Type:"*"DYN"* ]]
	[[ $output == *GNU_RELRO* ]]
	[[ $output == *BIND_NOW* ]]
	[[ $output =~ GNU_STACK[^$'\n']*\ RW\  ]]
	run readelf --dyn-syms -W "$TWTRACE"
	[[ $output == *__stack_chk_fail* ]]
	[[ $output == *_chk@* ]]
}

@test "--version is git's or the Makefile's" {
	local version

	version=$(git describe --tags --match 'v[0-9]*' 2>/dev/null) || version=$(make help -p | sed -n 's/^VERSION = //p')
	[[ $("$TWTRACE" --version) == "twtrace ${version#v}" ]]
}

@test "O= never names the sources" {
	run make O=. clean
	[[ $status != 0 && $output == *"O=. holds the sources"* ]]
	[[ -e Makefile ]]
}

@test "a missing tool is named by its package" {
	run env PATH="$(path_without clang)" make O="$BATS_TEST_TMPDIR/build" CLANG=clang
	[[ $status == 2 ]]
	[[ $output =~ clang\ +clang\ +the\ BPF\ programs ]]
	[[ $output != *libbpf-dev* ]]
	[[ $output == *"'make deps'"* ]]
	[[ $output != *"No such file"* ]]
}

@test "missing libraries are named by their packages" {
	run env PKG_CONFIG_LIBDIR=/nonexistent make O="$BATS_TEST_TMPDIR/build"
	[[ $status == 2 ]]
	[[ $output =~ libbpf-dev\ +libbpf-devel ]]
	[[ $output =~ libjson-c-dev\ +json-c-devel ]]
	[[ $output != *gcc* ]]
}

@test "compile_commands.json knows every source" {
	cp -r Makefile contrib bpf include user vmlinux.h "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	mkdir -p build/bpf
	touch build/twtrace.skel.h
	make -o build/twtrace.skel.h O=build compile_commands.json
	diff <(jq -r '.[].file' compile_commands.json | sort) <(printf '%s\n' bpf/*.bpf.c user/*.c user/*/*.c | sort)
	[[ $(jq -r '[.[].directory] | unique[]' compile_commands.json) == "$PWD" ]]
}

# ------------------------------------------------------------------------------------ deps

@test "deps says nothing where nothing is missing" {
	run make deps
	[[ $status == 0 && $output == "" ]]
}

@test "deps says what it installs, and installs that only" {
	fake dpkg-query 'dpkg() { /usr/bin/dpkg-query "$@"; }; dpkg "$@" | grep -v -e "^bats " -e "^libbpf-dev "'
	fake bats 'exit 1'
	rm "$BATS_TEST_TMPDIR/fake/bats"
	fake apt-get 'echo "apt-get $*"'
	fake id 'echo 0'
	PKG_CONFIG_LIBDIR=/nonexistent run contrib/deps
	[[ $status == 0 ]]
	[[ ${lines[0]} == "Installing with apt-get: libbpf-dev" ]] # bats is there, if not as a package
	[[ $output == *"apt-get -q -o Dpkg::Use-Pty=0 install -y --no-install-recommends libbpf-dev" ]]
}

@test "deps takes sudo where it is not root, and says so" {
	fake dpkg-query 'exit 1'
	fake apt-get 'echo "apt-get $*"'
	fake id 'echo 1000'
	fake sudo 'echo "sudo"; "$@"'
	PKG_CONFIG_LIBDIR=/nonexistent run contrib/deps
	[[ $status == 0 ]]
	[[ ${lines[0]} == "Installing with sudo apt-get: libbpf-dev libelf-dev "* ]]
	[[ ${lines[1]} == sudo ]]
}

@test "deps without root and sudo says what to run" {
	fake dpkg-query 'exit 1'
	fake id 'echo 1000'
	PKG_CONFIG_LIBDIR=/nonexistent PATH=$BATS_TEST_TMPDIR/fake:$(path_without sudo) run contrib/deps
	[[ $status == 1 ]]
	[[ $output == *"as root: apt-get install libbpf-dev"* ]]
}

@test "without apt-get deps prints the list with Fedora's names and stops" {
	PATH=$(path_without apt-get) run contrib/deps
	[[ $status == 1 ]]
	[[ $output =~ libcap-ng-dev\ +libcap-ng-devel ]]
	[[ $output =~ shellcheck\ +ShellCheck ]]
}

@test "without apt-get run and check go on where nothing is missing" {
	PATH=$(path_without apt-get dpkg-query) run contrib/deps --needed
	[[ $status == 0 && $output == "" ]]
	PATH=$(path_without apt-get dpkg-query jq) run contrib/deps --needed
	[[ $status == 1 && $output =~ jq\ +jq\ +reads\ JSON ]]
	[[ $output != *libbpf* ]]
}

# --------------------------------------------------------------------------------- the runner

# A tree of its own for the runner: tests are shell scripts where programs would be.
runner_tree() {
	TREE=$BATS_TEST_TMPDIR/tree
	mkdir -p "$TREE"/{tests/unit,tests/cli,tests/live,tests/golden,build/tests}
	cp tests/run "$TREE/tests/run"
}

# unit NAME SCRIPT
unit() {
	touch "$TREE/tests/unit/$1.c"
	printf '#!/bin/bash\n%s\n' "$2" >"$TREE/build/tests/$1"
	chmod +x "$TREE/build/tests/$1"
}

runs() {
	run env -u TWTRACE -u TRAFFIC BUILD=build LIMIT="${LIMIT:-20}" "$TREE/tests/run" "$@"
}

last_line() {
	tail -n 1 <<<"$output"
}

@test "the runner is content with empty folders" {
	runner_tree
	runs unit golden cli live
	[[ $status == 0 && $output == "0 passed, 0 failed, 0 skipped" ]]
}

@test "the runner counts, and shows the output of failures only" {
	runner_tree
	unit test_a 'echo 1..2; echo ok 1 - a; echo secret; echo ok 2 - b'
	unit test_b 'echo 1..3; echo ok 1 - a; echo "# why it fails"; echo not ok 2 - b; echo "no locale"; echo "not ok 3 # SKIP c"; exit 1'
	runs unit
	[[ $status == 1 ]]
	[[ $output != *secret* ]]
	[[ $output == *"# why it fails"* ]]
	[[ $output == *"SKIPPED c: no locale"* ]]
	[[ ${lines[0]} =~ ^ok\ +tests/unit/test_a\ +2\ passed ]]
	[[ $(last_line) == "3 passed, 1 failed, 1 skipped" ]]
}

@test "the runner counts tests that a crash has swallowed" {
	runner_tree
	unit test_a 'echo 1..3; echo ok 1 - a; kill -SEGV $$'
	unit test_b 'echo ok 1 - a; exit 0'
	unit test_c 'echo 1..1; echo ok 1 - a; exit 7'
	unit test_d 'exit 0'
	rm "$TREE/build/tests/test_d"
	runs unit
	[[ $status == 1 ]]
	[[ $output == *"after 1 of 3 tests"* ]]
	[[ $output == *"no plan"* ]]
	[[ $output == *"its exit status is 7"* ]]
	[[ $(last_line) == "3 passed, 5 failed, 0 skipped" ]]
}

@test "the runner ends what takes too long" {
	runner_tree
	unit test_a 'echo 1..1; sleep 30'
	LIMIT=1 runs unit
	[[ $status == 1 && $output == *"ended by the runner after 1 s"* ]]
	[[ $(last_line) == "0 passed, 1 failed, 0 skipped" ]]
}

@test "the runner shows the reason of a skipped bats test" {
	runner_tree
	printf '@test "one" {\n\ttrue\n}\n@test "two" {\n\tskip "no wings"\n}\n' >"$TREE/tests/cli/a.bats"
	runs cli
	[[ $status == 0 ]]
	[[ $output == *"SKIPPED two: no wings"* ]]
	[[ $(last_line) == "1 passed, 0 failed, 1 skipped" ]]
}

@test "live tests that were all skipped are a failure" {
	runner_tree
	fake id 'echo 0'
	printf '@test "one" {\n\tskip "no BPF"\n}\n' >"$TREE/tests/live/a.bats"
	printf '@test "two" {\n\ttrue\n}\n' >"$TREE/tests/live/generator.bats"
	runs live
	[[ $status == 1 ]]
	[[ $output == *"all live tests were skipped: no BPF"* ]]
	[[ $(last_line) == "1 passed, 1 failed, 1 skipped" ]]
	printf '@test "three" {\n\ttrue\n}\n' >"$TREE/tests/live/c.bats"
	runs live
	[[ $status == 0 && $(last_line) == "2 passed, 0 failed, 1 skipped" ]]
}

@test "golden tests compare every output, and take what is new when told to" {
	runner_tree
	printf '#!/bin/bash\necho "$*"\n' >"$TREE/build/twtrace"
	chmod +x "$TREE/build/twtrace"
	mkdir "$TREE/tests/golden/a"
	touch "$TREE/tests/golden/a/recording"
	runs golden
	[[ $status == 1 && $output == *"'make golden-update' writes it"* ]]
	runs --update golden
	runs golden
	[[ $status == 0 && $(last_line) == "13 passed, 0 failed, 0 skipped" ]]
	[[ $(<"$TREE/tests/golden/a/trace.csv") == "trace -o csv -i tests/golden/a/recording" ]]
	echo other >"$TREE/tests/golden/a/top.json"
	runs golden
	[[ $status == 1 && $output == *"-other"* && $(last_line) == "12 passed, 1 failed, 0 skipped" ]]
}
