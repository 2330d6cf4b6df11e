#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units, the Dockerfile and the manifests: that they are well formed, agree with each other,
# and ask for what the program has. What the units' restrictions leave is in tests/live/unit.bats.

bats_require_minimum_version 1.5.0

UNITS=contrib/systemd
MANIFEST=contrib/kubernetes/daemonset.yaml

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
}

# manifest QUESTION: what the DaemonSet says
manifest() {
	/usr/bin/python3 -B tests/cli/deploy/daemonset.py "$MANIFEST" "$1"
}

# setting UNIT NAME
setting() {
	sed -n "s/^$2=//p" "$UNITS/$1.service"
}

@test "systemd finds nothing wrong with the units" {
	command -v systemd-analyze >/dev/null || skip "needs systemd-analyze"
	for unit in "$UNITS"/*.service; do
		# it wants to see the program
		sed "s|/usr/bin/twtrace|$(readlink -f "$TWTRACE")|" "$unit" >"$BATS_TEST_TMPDIR/${unit##*/}"
		run -0 systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/${unit##*/}"
		[[ $output == "" ]] || { echo "$output"; return 1; }
	done
}

@test "what systemd-analyze says of their exposure is what docs/install.md says, 3.0 at most" {
	local said unit

	command -v systemd-analyze >/dev/null || skip "needs systemd-analyze"
	for unit in twtrace twtrace-record; do
		said=$(systemd-analyze security --offline=yes --no-pager "$UNITS/$unit.service" |
			sed -n 's/.*Overall exposure level for [^ ]*: \([0-9.]*\).*/\1/p')
		awk -v is="$said" 'BEGIN { exit !(is > 0 && is <= 3.0) }' || { echo "$unit: $said"; return 1; }
		grep -qF "| \`$unit.service\` | $said |" docs/install.md || { echo "$unit: $said"; return 1; }
	done
}

@test "the options of the units and of the manifest are those of the program" {
	local line

	while read -r line; do
		# shellcheck disable=SC2086 # words
		run -0 "$TWTRACE" $line --help
	done <<-END
		$(setting twtrace ExecStart | sed 's|^[^ ]* ||; s| [$].*||')
		$(setting twtrace-record ExecStart | sed 's|^[^ ]* ||; s| [$].*||')
	END
	mapfile -t args < <(manifest args)
	printf 'token-of-32-bytes-or-more-0123456789\n' >"$BATS_TEST_TMPDIR/token"
	run -0 "$TWTRACE" "${args[@]/\/etc\/twtrace/$BATS_TEST_TMPDIR}" --help
}

@test "units, manifest and documentation ask for the same capabilities" {
	local caps

	caps=$(setting twtrace AmbientCapabilities)
	[[ $caps == *CAP_BPF* ]]
	for unit in twtrace twtrace-record; do
		[[ $(setting "$unit" AmbientCapabilities) == "$caps" ]]
		[[ $(setting "$unit" CapabilityBoundingSet) == "$caps" ]]
	done
	[[ $(manifest capabilities) == "$(tr ' ' '\n' <<<"$caps" | sort)" ]]
	[[ $(manifest dropped) == ALL && $(manifest privileged) == False ]]
	for cap in $caps; do
		grep -q "^| \`$cap\` |" docs/install.md || { echo "docs/install.md: no $cap"; return 1; }
	done
	[[ $(grep -c '^| `CAP_' docs/install.md) == "$(wc -w <<<"$caps")" ]]
}

@test "the manifest asks at the port and the paths that serve has, and mounts what is read" {
	[[ $(manifest ports) == 9435 && $(manifest args) == *:9435* ]]
	"$TWTRACE" serve --help | grep -q 9435
	[[ $(manifest probes) == $'/healthz\n/readyz' ]]
	while read -r path; do
		grep -qF "\"$path\"" user/cmd/serve_routes.c
	done < <(manifest probes)
	[[ $(manifest host) == $'/run/netns\n/sys/fs/cgroup\n/sys/kernel/btf' ]]
	[[ $(manifest elsewhere) == "" && $(manifest writable) == "" && $(manifest labels) == True ]]
	[[ $(manifest memory) == "$(setting twtrace MemoryMax)i" ]]
	/usr/bin/python3 -c 'import sys, yaml
for file in sys.argv[1:]:
    assert all(part["kind"] for part in yaml.safe_load_all(open(file))), file' contrib/kubernetes/*.yaml
}

@test "the Dockerfile copies what there is, and installs the libraries that the program is linked with" {
	local file=contrib/docker/Dockerfile line

	[[ $(grep -c '^FROM debian:bookworm-slim' $file) == 2 ]]
	# each line that begins an instruction begins a known one
	sed -e :a -e '/\\$/N; s/\\\n//; ta' $file | grep -v '^#' | grep -v '^$' >"$BATS_TEST_TMPDIR/lines"
	[[ $(grep -vE '^(FROM|ARG|WORKDIR|COPY|RUN|EXPOSE|ENTRYPOINT|CMD) ' "$BATS_TEST_TMPDIR/lines") == "" ]]
	while read -r line; do
		bash -n <<<"${line#RUN }"
	done < <(grep '^RUN ' "$BATS_TEST_TMPDIR/lines")
	grep -q 'awk .*contrib/packages' $file
	grep -q '^COPY --from=build /build/twtrace /usr/bin/twtrace$' $file
	[[ $(sed -n 's/^EXPOSE //p' $file) == 9435 ]]
	command -v dpkg-shlibdeps >/dev/null || skip "needs dpkg-shlibdeps"
	# as the package's dependencies come about
	mkdir -p "$BATS_TEST_TMPDIR/debian"
	printf 'Source: twtrace\n\nPackage: twtrace\nArchitecture: any\n' >"$BATS_TEST_TMPDIR/debian/control"
	program=$(readlink -f "$TWTRACE")
	diff <(cd "$BATS_TEST_TMPDIR" && dpkg-shlibdeps -O "$program" 2>/dev/null | sed 's/.*Depends=//' |
		tr ',' '\n' | sed 's/^ *\([^ ]*\).*/\1/' | grep -vx libc6 | sort) \
		<(sed -n 's/.*--no-install-recommends\(.*lib[^&]*\)&&.*/\1/p' "$BATS_TEST_TMPDIR/lines" | tr -s ' \t' '\n' | grep . | sort)
}
