#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian package: built once, judged, installed on this host, upgraded and purged. Where
# twtrace is installed already nothing is installed over it.

bats_require_minimum_version 1.5.0

# the tree as it is, committed somewhere else: what is tested needs no clean tree
setup_file() {
	# what is built here is not for use: the sooner the better
	export TREE=$BATS_FILE_TMPDIR/tree DEB_BUILD_OPTIONS="noautodbgsym parallel=2" DEB_CFLAGS_APPEND="-O1 -g0"

	command -v dh >/dev/null || return 0
	git init -q "$TREE"
	cp -r .gitignore LICENSE Makefile README.md SECURITY.md vmlinux.h bpf contrib docs include user "$TREE"
	git -C "$TREE" add -A
	git -C "$TREE" -c user.name=t -c user.email=t@t commit -q -m one
	make -s -C "$TREE" deb O=out >"$BATS_FILE_TMPDIR/said" 2>&1 || true
}

setup() {
	command -v dh >/dev/null || skip "needs debhelper"
	DEB=$(compgen -G "$TREE/out/deb/twtrace_*.deb") || { tail -n 30 "$BATS_FILE_TMPDIR/said"; return 1; }
}

teardown_file() {
	[[ ! -e $BATS_FILE_TMPDIR/installed ]] || dpkg --purge twtrace >/dev/null
}

# installable: may be installed here, and will be purged whatever happens
installable() {
	[[ $(id -u) == 0 ]] || skip "needs root"
	[[ -e $BATS_FILE_TMPDIR/installed || $(status) == "" ]] || skip "twtrace is installed here"
	touch "$BATS_FILE_TMPDIR/installed"
}

status() {
	dpkg-query -W -f '${db:Status-Status}' twtrace 2>/dev/null || true
}

# older DEB: the same package with an older version, in $OLDER
older() {
	OLDER=$BATS_TEST_TMPDIR/older.deb
	dpkg-deb -R "$1" "$BATS_TEST_TMPDIR/older"
	sed -i 's/^Version: .*/Version: 0.0.1-0/' "$BATS_TEST_TMPDIR/older/DEBIAN/control"
	echo '#TWTRACE_OLD=1' >>"$BATS_TEST_TMPDIR/older/etc/default/twtrace"
	dpkg-deb -b "$BATS_TEST_TMPDIR/older" "$OLDER" >/dev/null
}

@test "what the package is built with is what contrib/packages lists" {
	diff <(sed -n '/^Build-Depends:/,/^[A-Z]/s/^ \([a-z0-9.+-]*\),\?$/\1/p' contrib/debian/control | sort) \
		<(awk '!/^#/ && ($3 == "build" || $3 == "option") { print $1 }' contrib/packages |
			grep -vxE 'make|gcc|libc6-dev' | sort) # these build-essential has
}

@test "lintian finds no error, and no warning" {
	command -v lintian >/dev/null || skip "needs lintian"
	run lintian --allow-root "$TREE"/out/deb/*.changes
	[[ $(grep -E '^[EW]:' <<<"$output") == "" ]] || { echo "$output"; return 1; }
}

@test "it depends on the libraries it is linked with, and on nothing of the build" {
	local depends

	depends=$(dpkg-deb -f "$DEB" Depends)
	[[ $depends == *libbpf1* && $depends == *libmicrohttpd12* && $depends == *libncursesw6* ]]
	[[ $depends != *-dev* && $depends != *libjs-* ]]
}

@test "installed, it runs, has its pages and completions, and nothing of it is started" {
	installable
	dpkg -i "$DEB" >/dev/null
	[[ $(status) == installed ]]
	[[ $(/usr/bin/twtrace --version) == "twtrace $(dpkg-query -W -f '${Version}' twtrace | sed 's/-0upstream1$//')" ]]
	[[ $(ldd /usr/bin/twtrace) != *'not found'* ]]
	# a container's dpkg may be told to leave out pages and documents
	if dpkg -V twtrace | grep -q '/man1/'; then
		echo "# this host takes no manual pages" >&3
	else
		[[ $(man -w twtrace-leaks) == /usr/share/man/man1/twtrace-leaks.1.gz ]]
	fi
	[[ $(bash -c 'source /usr/share/bash-completion/completions/twtrace && complete -p twtrace') == *_twtrace* ]]
	[[ -e /lib/systemd/system/twtrace.service && -e /lib/systemd/system/twtrace-record.service ]]
	[[ $(find /etc/systemd -name 'twtrace*') == "" ]]
	[[ $(pgrep -fx '/usr/bin/twtrace (serve|record).*' || true) == "" ]]
}

@test "an older one is upgraded: its settings stay, its service stays as it was" {
	installable
	dpkg --purge twtrace >/dev/null
	older "$DEB"
	dpkg -i "$OLDER" >/dev/null
	echo 'TWTRACE_SERVE_OPTIONS="--names"' >/etc/default/twtrace
	dpkg --force-confold -i "$DEB" >/dev/null
	[[ $(dpkg-query -W -f '${Version}' twtrace) != 0.0.1* ]]
	[[ $(</etc/default/twtrace) == 'TWTRACE_SERVE_OPTIONS="--names"' ]]
	[[ $(find /etc/systemd -name 'twtrace*') == "" ]]
}

@test "what runs is restarted by an upgrade, and stopped by a removal" {
	dpkg-deb -e "$DEB" "$BATS_TEST_TMPDIR/scripts"
	for unit in twtrace.service twtrace-record.service; do
		grep -A 9 try-restart "$BATS_TEST_TMPDIR/scripts/postinst" | grep -q "$unit"
		grep 'deb-systemd-invoke stop' "$BATS_TEST_TMPDIR/scripts/prerm" | grep -q "$unit"
	done
}

@test "purged, nothing is left of it" {
	installable
	[[ $(status) == installed ]] || dpkg -i "$DEB" >/dev/null
	# as systemd makes it of StateDirectory
	mkdir -p /var/lib/private/twtrace
	ln -s private/twtrace /var/lib/twtrace
	touch /var/lib/twtrace/tcp.twr
	dpkg --purge twtrace >/dev/null
	rm "$BATS_FILE_TMPDIR/installed"
	[[ $(status) == "" ]]
	dpkg-deb -c "$DEB" | awk '$1 !~ /^d/ { print substr($6, 2) }' >"$BATS_TEST_TMPDIR/files"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/files") -gt 20 ]]
	while read -r file; do
		[[ ! -e $file ]] || { echo "$file"; return 1; }
	done <"$BATS_TEST_TMPDIR/files"
	[[ $(find /etc /var/lib /usr/share/doc -path '*twtrace*' -not -path '*/dpkg/*' 2>/dev/null) == "" ]]
}
