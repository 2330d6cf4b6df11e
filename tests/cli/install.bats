#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make install, uninstall and dist: what lies where, and the same bytes each time.

bats_require_minimum_version 1.5.0

setup() {
	BUILD=${BUILD:-build}
	[[ $BUILD == /* ]] || BUILD=$PWD/$BUILD
	unset MAKEFLAGS MAKELEVEL
}

# tree DIRECTORY: its files, below it
tree() {
	(cd "$1" && find . -type f | LC_ALL=C sort)
}

@test "make install puts the program, its pages, completions, units and documents where they belong" {
	local to=$BATS_TEST_TMPDIR/to

	make -s --no-print-directory install O="$BUILD" DESTDIR="$to" PREFIX=/usr
	cmp "$BUILD/twtrace" "$to/usr/bin/twtrace"
	diff -r "$BUILD/man" "$to/usr/share/man/man1"
	cmp contrib/completions/twtrace.bash "$to/usr/share/bash-completion/completions/twtrace"
	cmp contrib/completions/twtrace.fish "$to/usr/share/fish/vendor_completions.d/twtrace.fish"
	cmp contrib/completions/_twtrace "$to/usr/share/zsh/vendor-completions/_twtrace"
	cmp contrib/systemd/twtrace.service "$to/lib/systemd/system/twtrace.service"
	cmp contrib/systemd/twtrace-record.service "$to/lib/systemd/system/twtrace-record.service"
	diff -r docs/schema "$to/usr/share/doc/twtrace/docs/schema"
	# what the README links to is where it says; the pages of the manual are where man looks
	while read -r link; do
		[[ $link == docs/man || -e $to/usr/share/doc/twtrace/$link ]]
	done < <(grep -oE '\]\(docs/[^)#]+' README.md | cut -c 3- | sort -u)
	[[ $(find "$to" -type f -perm /133 ! -path '*/bin/*') == "" ]]
	[[ $(stat -c %a "$to/usr/bin/twtrace") == 755 ]]
}

@test "a unit names the program where it was installed" {
	local to=$BATS_TEST_TMPDIR/to

	make -s --no-print-directory install O="$BUILD" DESTDIR="$to" PREFIX=/opt/x
	grep -q '^ExecStart=/opt/x/bin/twtrace serve' "$to/opt/x/lib/systemd/system/twtrace.service"
	[[ -e $to/opt/x/share/zsh/site-functions/_twtrace ]]
	run ! grep -r /usr/bin/twtrace "$to/opt/x/lib"
}

@test "make uninstall leaves nothing of it, and what else was there" {
	local to=$BATS_TEST_TMPDIR/to

	make -s --no-print-directory install O="$BUILD" DESTDIR="$to" PREFIX=/usr
	[[ $(tree "$to" | wc -l) -gt 20 ]]
	echo other >"$to/usr/share/doc/twtrace/other"
	make -s --no-print-directory uninstall O="$BUILD" DESTDIR="$to" PREFIX=/usr
	[[ $(tree "$to") == ./usr/share/doc/twtrace/other ]]
	rm "$to/usr/share/doc/twtrace/other"
	make -s --no-print-directory uninstall O="$BUILD" DESTDIR="$to" PREFIX=/usr
	[[ ! -e $to/usr/share/doc/twtrace ]]
}

# a repository of what is here, with a commit of its own: what is tested needs no clean tree
repository() {
	git init -q "$1"
	cp -r .gitignore .ci LICENSE Makefile README.md SECURITY.md vmlinux.h bpf contrib docs include user "$1"
	git -C "$1" add -A
	git -C "$1" -c user.name=t -c user.email=t@t commit -q --date=2026-01-02T03:04:05Z -m one
}

@test "make dist packs the same bytes twice, whatever the time, the umask, the locale and the place" {
	local one=$BATS_TEST_TMPDIR/one two=$BATS_TEST_TMPDIR/a/longer/way/two archive

	repository "$one"
	mkdir -p "${two%/*}"
	git clone -q "$one" "$two"
	archive=$(cd "$one" && umask 022 && TZ=UTC LC_ALL=C make -s --no-print-directory dist O=out)
	[[ $archive =~ ^out/twtrace-[0-9][^/]*\.tar\.xz$ ]]
	(cd "$two" && umask 077 && touch README.md &&
		export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=tar.umask GIT_CONFIG_VALUE_0=0077 &&
		TZ=Asia/Tokyo LC_ALL=C.UTF-8 XZ_OPT=-1 make -s --no-print-directory dist O=out)
	cmp "$one/$archive" "$two/$archive"
	[[ $(tar -tvf "$one/$archive" | awk '{ print $2 }' | sort -u) == root/root ]]
	[[ $(tar -tvf "$one/$archive" | cut -c 1-10 | sort -u) == $'-rw-r--r--\n-rwxr-xr-x\ndrwxr-xr-x' ]]
}

@test "what make dist leaves out is said; without a repository it says what it needs" {
	repository "$BATS_TEST_TMPDIR/tree"
	cd "$BATS_TEST_TMPDIR/tree"
	echo more >>README.md
	run -0 --separate-stderr make -s --no-print-directory dist O=out
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $stderr == *"what is not committed is not packed"* ]]
	tar -xOf "$output" --wildcards '*/README.md' | cmp - <(git show HEAD:README.md)
	rm -rf .git
	GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR run ! make -s --no-print-directory dist O=out
	[[ $output == *"no git repository"* ]]
}

@test "what was packed knows its version without git, within the repository of another too" {
	local archive

	repository "$BATS_TEST_TMPDIR/tree"
	cd "$BATS_TEST_TMPDIR/tree"
	git tag v7.8
	archive=$PWD/$(make -s --no-print-directory dist O=out)
	[[ $archive == */twtrace-7.8.tar.xz ]]
	git init -q "$BATS_TEST_TMPDIR/other"
	cd "$BATS_TEST_TMPDIR/other"
	git -c user.name=t -c user.email=t@t commit -q --allow-empty -m other
	git tag v9.9
	tar -xf "$archive"
	cd twtrace-7.8
	make -s --no-print-directory O=out out/version.h
	[[ $(<out/version.h) == '#define TWTRACE_VERSION "7.8"' ]]
}
