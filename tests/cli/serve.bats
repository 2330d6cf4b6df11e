#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `twtrace serve` refuses before it traces. Needs no privilege and no kernel.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
}

# refuses TEXT ARGS...: exit 2, TEXT on standard error, nothing on standard output
refuses() {
	local text=$1

	shift
	run -2 --separate-stderr "$TWTRACE" serve "$@"
	[[ -z $output ]] || { echo "standard output: $output"; return 1; }
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ $stderr == *"$text"* ]] || { echo "standard error: $stderr"; return 1; }
}

@test "what is no address and port is quoted" {
	for at in 9435 :9435 ::1:9435 '[::1]' 127.0.0.1:65536 127.0.0.1:80x example.org:80 '' 'none:1'; do
		refuses "--listen '$at'" --listen "$at"
	done
}

@test "other hosts may ask only with a token, or if that is meant" {
	for at in 0.0.0.0:0 '[::]:0' 192.0.2.1:9435 '[2001:db8::1]:9435'; do
		refuses "--listen '$at': other hosts could read who this one talks to: give --auth-token-file FILE, or --insecure" \
			--listen "$at"
	done
}

@test "to listen nowhere makes sense with a file only, and without a token" {
	refuses "name a --metrics-file" --listen none
	refuses "--auth-token-file '/tmp/token'" --listen none --metrics-file /tmp/none.prom --auth-token-file /tmp/token
}

@test "prefixes and numbers of networks that there cannot be" {
	for prefix in 33 24,129 "24," ",64" x 24,64,1 -1; do
		refuses "--remote-prefix '$prefix'" --remote-prefix="$prefix"
	done
	refuses "'10001'" --remotes 10001
	refuses "'many'" --remotes many
}

@test "what other commands have is no option of it" {
	refuses "unrecognized option '--output=json'" --output=json
	refuses "unrecognized option '--input=x'" --input=x
	refuses "unexpected argument 'x'" x
}
