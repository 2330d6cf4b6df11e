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
	rm -rf "$FOLDER"
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

@test "more sockets at the start than a file has room for: it begins in time, says so, and goes on" {
	local all part

	start_traffic idle_hold --port 7200 --count 5000
	start_here record "$FILE" --max-size 256K
	kill -USR2 "$TWTRACE_PID"
	wait_until more_parts_than 1
	stop_twtrace
	expect "sentences" "$(grep -c -- '--max-size is too small .* No event is missing$' "$ERRORS")" 1
	expect "of another cause" "$(grep -c 'were not recorded' "$ERRORS")" 0
	BYTES=$((256 * 1024)) are_small
	mapfile -t all < <(parts)
	((${#all[@]} > 1))
	for part in "${all[@]}"; do
		"$TWTRACE" top -o json -i "$part" >"$EVENTS" 2>"$ERRORS"
		[[ ! -s $ERRORS ]] || fail "$part: $(<"$ERRORS")"
	done
	expect "sockets, together" "$(sockets "${all[@]}" | wc -l)" $((2 * 5000 + 1))
	together top -o json >"$EVENTS"
	expect "events missing" "$(jq .loss.output_full "$EVENTS")" 0
}

@test "a killed one leaves what can be read, and the next one goes on beside it" {
	local opened=0

	start_here record "$FILE" --max-size "$SIZE" --keep 3
	traffic client_first --family 4 --server 127.77.0.1 --count 300 --port 7100
	wait_until recorded 600
	kill -KILL "$TWTRACE_PID"
	wait "$TWTRACE_PID" || true
	forget "$TWTRACE_PID"
	opened=$(together top -o json 2>"$ERRORS" | jq .totals.opened)
	expect "opened before it was killed" "$opened" 600
	start_here record "$FILE" --max-size "$SIZE" --keep 3
	expect "files" "$(parts | wc -l)" 2
	traffic client_first --family 4 --server 127.77.0.1 --count 300 --port 7100
	for _ in 1 2 3; do
		save_now
	done
	stop_twtrace
	expect "files" "$(parts | wc -l)" 3
	are_small
}

# recorded N: so many connections are in the files so far.
recorded() {
	(($(together top -o json 2>/dev/null | jq .totals.opened) >= $1))
}

# Asks for a new file, and waits for it.
save_now() {
	local before

	before=$(stat -c %Y.%i "$FILE")
	kill -USR2 "$TWTRACE_PID"
	wait_until is_another_file "$before"
}

is_another_file() {
	[[ -e $FILE && $(stat -c %Y.%i "$FILE") != "$1" ]]
}

@test "in somebody's folder all files are that one's, and no privilege is kept for them" {
	local pid thread

	# to be reached by that one, unlike what bats makes
	FOLDER=$(mktemp -d) FILE=$FOLDER/tcp.twr
	chown 65534:65534 "$FOLDER"
	start_here record "$FILE" --max-size "$SIZE" --keep 2
	for _ in 1 2; do
		save_now
	done
	expect "files" "$(parts | wc -l)" 2
	expect "owners" "$(parts | xargs stat -c %u | sort -u)" 65534
	# the thread that makes them has nothing that its owner has not
	pid=$TWTRACE_PID
	for thread in /proc/"$pid"/task/*; do
		[[ $thread == */"$pid" ]] ||
			expect "capabilities of $thread" "$(awk '/^CapEff/ { print $2 }' "$thread/status")" 0000000000000000
	done
	stop_twtrace
}

@test "anonymized while it is recorded, in all parts by the same" {
	local recorder whole=$BATS_TEST_TMPDIR/whole.twr part head

	start_here record "$FILE" --max-size "$SIZE" --ring 32M --anonymize
	recorder=$TWTRACE_PID
	start_here record "$whole" --ring 32M
	traffic client_first --family 6 --server fd77::1 --hosts 4 --ports 4 --count 5000 --port 7100
	kill -USR2 "$recorder"
	wait_until more_parts_than 1
	stop_twtrace
	stop_twtrace "$recorder"
	for counts in '[.totals.opened, .totals.closed, .totals.connections]' '[.remotes[].opened] | sort' \
		'[.services[].opened] | sort' '[.ports[] | [.port, .role, .opened]] | sort'; do
		expect "$counts" "$(together top -o json | jq -c "$counts")" \
			"$("$TWTRACE" top -o json -i "$whole" | jq -c "$counts")"
	done
	while read -r part; do
		head=$(od -An -tu4 -j12 -N4 "$part")
		expect "names in $part" "$({ head -c "$head" "$part"; tail -c +$((head + 1)) "$part" | zstd -dcq; } |
			LC_ALL=C grep -caE "tw-(client|server)|$(ns t)")" 0
		[[ $("$TWTRACE" report -o json "$part" | jq -r '.recordings[0].host') == host-1 ]]
		expect "addresses in $part" "$(tail -c +$((head + 1)) "$part" | zstd -dcq |
			LC_ALL=C grep -caP '\xfd\x77\x00\x00\x00\x00\x00\x00')" 0
	done < <(parts)
}
