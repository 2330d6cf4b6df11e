#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `record` as a flight recorder: files of a bounded size, as many as asked for. All of them
# together tell what one would, to the unit; each of them can be read alone.

load lib

# small files and much to record: one follows the other
SIZE=1M
BYTES=$((1024 * 1024))
COUNT=${COUNT:-20000}

setup() {
	live_setup
	probe_trace
	FOLDER=$BATS_TEST_TMPDIR/flight
	mkdir "$FOLDER"
	FILE=$FOLDER/tcp.twr
}

teardown() {
	live_teardown
}

# parts: the files, oldest first.
parts() {
	find "$FOLDER" -name 'tcp.2*.twr' | sort
	[[ ! -e $FILE ]] || echo "$FILE"
}

# together COMMAND...: of all parts.
together() {
	local part inputs=()

	while read -r part; do
		inputs+=(-i "$part")
	done < <(parts)
	"$TWTRACE" "$@" "${inputs[@]}"
}

are_small() {
	local size

	while read -r size; do
		((size <= BYTES)) || { echo "a file of $size bytes"; return 1; }
	done < <(parts | xargs stat -c %s)
}

more_parts_than() {
	(($(parts | wc -l) > $1))
}

@test "all parts together tell what one recording of the same time does" {
	local recorder opened whole=$BATS_TEST_TMPDIR/whole.twr count

	start_here record "$FILE" --max-size "$SIZE" --ring 32M
	recorder=$TWTRACE_PID
	start_here record "$whole" --ring 32M
	traffic client_first --family 4 --server 127.77.0.1 --hosts 4 --ports 4 --count "$COUNT" --port 7100
	stop_twtrace
	stop_twtrace "$recorder"
	count=$(parts | wc -l)
	((count > 3)) || fail "$count files"
	are_small
	together top -o json >"$EVENTS" 2>"$ERRORS"
	[[ ! -s $ERRORS ]] || fail "$(<"$ERRORS")"
	for field in opened closed closed_first connections failed resets time_wait_entered open; do
		expect "$field of $count parts" \
			"$(jq -c ".totals.$field, [.ports[].$field], [.remotes[].$field]" "$EVENTS" | xargs)" \
			"$("$TWTRACE" top -o json -i "$whole" |
				jq -c ".totals.$field, [.ports[].$field], [.remotes[].$field]" | xargs)"
	done
	expect "opened, by the generator" "$(jq .totals.opened "$EVENTS")" \
		$(($(truth .counts.accepted) + $(truth .counts.connected)))
	expect "in any order" "$(parts | tac | sed 's/^/-i /' | xargs "$TWTRACE" top -o json | jq -c .totals)" \
		"$(jq -c .totals "$EVENTS")"
	# each alone tells of its own time; what was told in sum is of none of them for certain
	[[ $(jq '[.loss[]] | add' "$EVENTS") == 0 ]] || return 0
	opened=0
	while read -r part; do
		opened=$((opened + $("$TWTRACE" top -o json -i "$part" | jq .totals.opened)))
	done < <(parts)
	expect "opened, part by part" "$opened" "$(jq .totals.opened "$EVENTS")"
}

# sockets FILE...: what is there, by whom, at the end of these parts.
sockets() {
	printf -- '-i\n%s\n' "$@" | xargs "$TWTRACE" list -o json |
		jq -c '.sockets[] | [.cookie, .state, .local_port, .remote_port, .direction, .comm, .pid, .service, .holders]' | sort
}

@test "a part alone knows what was open when it began, and whose it is" {
	local all

	start_here record "$FILE" --max-size "$SIZE"
	start_traffic idle_hold --port 7200 --count 40 --close-wait 10 --time-wait 5
	kill -USR2 "$TWTRACE_PID"
	wait_until more_parts_than 1
	stop_twtrace
	stop_traffic
	mapfile -t all < <(parts)
	sockets "${all[@]}" >"$EVENTS"
	expect "sockets" "$(wc -l <"$EVENTS")" $((2 * 40 + 2 * 10 + 5 + 1))
	expect "owners" "$(grep -c '"tw-\(client\|server\)",[1-9]' "$EVENTS")" "$(wc -l <"$EVENTS")"
	sockets "$FILE" | diff "$EVENTS" -
}
