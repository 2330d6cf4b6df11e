#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace ports --what-if` against this host's kernel: what a recording of 160 requests from a
# range of 100 ports says of another setting is what becomes of them when it is set. No port
# comes back within the time that a test takes; docs/what-if.md has longer runs.

bats_require_minimum_version 1.5.0

load lib

setup() {
	live_setup
	need_command python3
	probe_trace
	BASE=$BATS_TEST_TMPDIR/base.twr
	netns_new t
	set_here ip_local_port_range="40000 40099" tcp_tw_reuse=0
}

teardown() {
	live_teardown
}

# set_here NAME=VALUE...: in the test's own namespace.
set_here() {
	local setting

	for setting; do
		in_ns t sysctl -qw "net.ipv4.$setting"
	done
}

# requests WORD...: RATE (100) a second; its line is in TRUTH.
requests() {
	TRUTH=$(in_ns t python3 "$LIVE/whatif/requests.py" "${RATE:-100}" 160 "$@" 3>&- </dev/null)
}

# recorded FILE WORD...: requests, and the recording of them.
recorded() {
	local file=$1

	shift
	start_here record "$file"
	requests "$@"
	stop_twtrace
}

# asked FILE SETTING FILTER: of the object what_if.
asked() {
	"$TWTRACE" ports -o json -i "$1" --what-if "$2" | jq -r ".what_if.total | $3"
}

# A namespace that nothing is left of, as the first one was.
anew() {
	netns_del t
	netns_new t
	set_here ip_local_port_range="40000 40099" tcp_tw_reuse=0
}

@test "the model's word for what was is what was" {
	recorded "$BASE"
	expect "failed" "$(truth .EADDRNOTAVAIL)" 60
	for run in observed baseline; do
		expect "$run" "$(asked "$BASE" tcp_rmem=1 ".$run | [.connects, .failures, .peak, .end] | tostring")" \
			"[160,60,100,100]"
	done
	expect "nothing is changed" "$(asked "$BASE" tcp_rmem=1 .changed)" null
}

@test "a wider range: as many fail as is said" {
	recorded "$BASE"
	expect "said" "$(asked "$BASE" "ip_local_port_range=40000 40139" .changed.failures)" 20
	anew
	set_here ip_local_port_range="40000 40139"
	requests
	expect "failed" "$(truth .EADDRNOTAVAIL)" 20
}

@test "keep-alive, three destinations, a server that closes first: as many ports as is said" {
	local setting said

	recorded "$BASE"
	for setting in keepalive=4 destinations=3 close_first=server; do
		said=$(asked "$BASE" "$setting" '.changed | [.connects, .failures, .end] | tostring')
		anew
		recorded "$BATS_TEST_TMPDIR/again.twr" "$setting"
		expect "failed with $setting" "$(truth .EADDRNOTAVAIL)" 0
		expect "said of $setting" "$said" \
			"$(asked "$BATS_TEST_TMPDIR/again.twr" tcp_rmem=1 '.observed | [.connects, .failures, .end] | tostring')"
	done
}

@test "tcp_tw_reuse: none fails, and about as many ports are used as is said" {
	local said real RATE=50

	# young ones are not taken over: at 100 a second there would be too few of the others
	recorded "$BASE"
	expect "failures said" "$(asked "$BASE" tcp_tw_reuse=1 .changed.failures)" 0
	said=$(asked "$BASE" tcp_tw_reuse=1 .changed.end)
	anew
	set_here tcp_tw_reuse=1
	recorded "$BATS_TEST_TMPDIR/again.twr"
	expect "failed" "$(truth .EADDRNOTAVAIL)" 0
	real=$(asked "$BATS_TEST_TMPDIR/again.twr" tcp_rmem=1 .observed.end)
	# which ones are taken over is the kernel's chance
	((said * 100 <= real * 110 && said * 100 >= real * 90)) || fail "said $said, were $real"
}

@test "explicit binds that starve another destination, and IP_BIND_ADDRESS_NO_PORT" {
	recorded "$BASE" destinations=2 bind=1
	(($(truth .EADDRNOTAVAIL) > 0)) || fail "nothing failed: $TRUTH"
	expect "the model's word" "$(asked "$BASE" bind_address_no_port=1 .baseline.failures)" \
		"$(truth .EADDRNOTAVAIL)"
	expect "said" "$(asked "$BASE" bind_address_no_port=1 .changed.failures)" 0
	anew
	requests destinations=2 bind=2
	expect "failed" "$(truth .EADDRNOTAVAIL)" 0
}

@test "live, and as text" {
	start_here ports --what-if tcp_tw_reuse=1 --what-if tcp_fin_timeout=5
	requests
	stop_twtrace
	grep -q '^What if tcp_tw_reuse=1, tcp_fin_timeout=5? 160 connect() calls' "$EVENTS"
	tr '\n' ' ' <"$EVENTS" | grep -q '60 failures where there were 60\. '
	grep -q '^tcp_fin_timeout=5: it does not shorten TIME-WAIT' "$EVENTS"
}
