#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The full-screen view in a real terminal, which is tmux: keys go in, the screen is looked at, and
# whatever happens the terminal is left as it was found.

bats_require_minimum_version 1.5.0
load lib

RECORDING=$ROOT/tests/golden/leaks/recording

setup() {
	need_command tmux
	TERMINALS=0
	BEFORE=$BATS_TEST_TMPDIR/before
	AFTER=$BATS_TEST_TMPDIR/after
	STATUS_FILE=$BATS_TEST_TMPDIR/status
}

teardown() {
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		echo "the screen:"
		screen
	fi
	tm kill-server 2>/dev/null || true
	live_teardown
}

# A server of its own for each terminal, without anybody's configuration: one that is told to end
# takes its time.
tm() {
	TMUX='' tmux -S "$BATS_TEST_TMPDIR/tmux.$TERMINALS" -f /dev/null "$@" 3>&-
}

# open_terminal TERM LOCALE [WIDTH HEIGHT]: a shell in it.
open_terminal() {
	((TERMINALS == 0)) || tm kill-server 2>/dev/null || true
	TERMINALS=$((TERMINALS + 1))
	LC_ALL=C.UTF-8 tm new-session -d -s t -x "${3:-100}" -y "${4:-30}" \
		"env -u NO_COLOR -u COLUMNS -u LINES TERM=$1 LC_ALL=$2 PS1='shell> ' bash --norc --noprofile"
	wait_until shows '^shell>'
}

screen() {
	tm capture-pane -p -t t
}

# shows REGEX: a line of the screen matches.
shows() {
	screen | grep -qE -- "$1"
}

shows_not() {
	! shows "$1"
}

press() {
	tm send-keys -t t "$@"
}

# press_bytes BYTE...: as the terminal itself sends them, in hexadecimal.
press_bytes() {
	tm send-keys -t t -H "$@"
}

mark() {
	tm display -p -t t "$1"
}

is_marked() {
	[[ $(mark "$1") == "$2" ]]
}

# run_in_terminal COMMAND: with the terminal's modes before and after it, and its status.
run_in_terminal() {
	rm -f "$BEFORE" "$AFTER" "$STATUS_FILE"
	press -l "clear; stty -a >$BEFORE; $1; echo \$? >$STATUS_FILE; stty -a >$AFTER"
	press Enter
}

# start_screen ARGS...: until the tabs are there.
start_screen() {
	run_in_terminal "$TWTRACE $*"
	WAIT=30 wait_until shows 'services.*leaks'
}

has_status() {
	[[ -s $STATUS_FILE && -s $AFTER ]]
}

# left_as_found STATUS: the shell is there again, and its terminal is as before.
left_as_found() {
	wait_until has_status
	wait_until shows '^shell> *$'
	expect status "$(<"$STATUS_FILE")" "$1"
	diff "$BEFORE" "$AFTER"
	expect 'the alternate screen' "$(mark '#{alternate_on}')" 0
	expect 'the cursor' "$(mark '#{cursor_flag}')" 1
	expect 'the mouse' "$(mark '#{mouse_any_flag}')" 0
	expect 'the keypad' "$(mark '#{keypad_flag}')" 0
}

# The process of the shell's command.
program() {
	local shell

	shell=$(mark '#{pane_pid}')
	xargs -n1 <"/proc/$shell/task/$shell/children" | head -n 1
}

# It has the terminal: its own modes are there.
is_raw() {
	stty -a -F "$(mark '#{pane_tty}')" | grep -q -- '-icanon'
}

@test "a recording is shown in any terminal and locale, and the terminal is given back" {
	for term in xterm-256color screen vt100 linux; do
		for locale in C.UTF-8 C; do
			open_terminal "$term" "$locale"
			start_screen -i "$RECORDING"
			[[ $term == vt100 || $term == linux ]] || is_marked '#{alternate_on}' 1
			if [[ $locale == C ]]; then
				screen | LC_ALL=C grep '[^ -~]' && fail "$term: not ASCII"
			fi
			press q
			left_as_found 0 || fail "$term, $locale"
			shows '^total .* connections'
		done
	done
}

@test "without a format and an end, and on a terminal, it is the screen; else the tables" {
	open_terminal xterm-256color C.UTF-8
	start_screen top -i "$RECORDING"
	press q
	left_as_found 0
	for args in "-o text" "--for 5s" "</dev/null" "| cat"; do
		run_in_terminal "$TWTRACE top -i $RECORDING $args"
		left_as_found 0
		shows '^audit:'
		shows_not 'services.*leaks'
	done
	# what can be read only once is no recording to go back in
	run_in_terminal "$TWTRACE top -i <(cat $RECORDING)"
	left_as_found 0
	shows '^audit:'
}

@test "a terminal that can't do it gets a sentence, and the tables" {
	for term in dumb no-such-terminal; do
		open_terminal "$term" C.UTF-8
		run_in_terminal "$TWTRACE top -i $RECORDING 2>$BATS_TEST_TMPDIR/errors"
		left_as_found 0
		shows '^audit:'
		[[ $(wc -l <"$BATS_TEST_TMPDIR/errors") == 1 ]]
		grep "'$term' .*TERM.*-o text" "$BATS_TEST_TMPDIR/errors"
	done
}

@test "whatever ends it, the terminal is left as it was found" {
	open_terminal xterm-256color C.UTF-8
	for signal in SEGV ABRT BUS FPE ILL HUP QUIT USR1 ALRM; do
		start_screen -i "$RECORDING"
		kill "-$signal" "$(program)"
		left_as_found $((128 + $(kill -l "$signal"))) || fail "$signal"
	done
	for signal in INT TERM; do
		start_screen -i "$RECORDING"
		kill "-$signal" "$(program)"
		left_as_found 0 || fail "$signal"
		shows '^total .* connections'
	done
}

@test "Ctrl-C ends it, Ctrl-Z stops it, and it comes back" {
	open_terminal xterm-256color C.UTF-8
	start_screen -i "$RECORDING"
	press C-z
	wait_until shows 'Stopped'
	is_marked '#{alternate_on}' 0
	is_marked '#{mouse_any_flag}' 0
	wait_until has_status
	diff "$BEFORE" "$AFTER"
	rm "$STATUS_FILE" "$AFTER"
	press -l "fg; echo \$? >$STATUS_FILE; stty -a >$AFTER"
	press Enter
	wait_until is_marked '#{alternate_on}' 1
	wait_until shows 'services.*leaks'
	wait_until is_marked '#{mouse_any_flag}' 1
	press C-c
	left_as_found 0
}

@test "stopped and continued by others, it takes the terminal again" {
	open_terminal xterm-256color C.UTF-8
	start_screen -i "$RECORDING"
	kill -STOP "$(program)"
	wait_until shows 'Stopped'
	# the alternate screen is the shell's now
	press -l clear
	press Enter
	wait_until shows_not 'services.*leaks'
	press -l fg
	press Enter
	wait_until shows 'services.*leaks'
	wait_until is_raw
	press q
	wait_until shows '^shell> *$'
	is_marked '#{alternate_on}' 0
}

@test "another size is drawn at once, from very small to very large" {
	open_terminal xterm-256color C.UTF-8 80 24
	start_screen -i "$RECORDING"
	press p
	for size in "300 100" "60 15" "20 5" "5 2" "1 1" "80 24"; do
		tm resize-window -t t -x "${size% *}" -y "${size#* }"
		wait_until is_marked '#{pane_width} #{pane_height}' "$size"
		kill -0 "$(program)"
	done
	wait_until shows 'services.*leaks'
	press q
	left_as_found 0
}

@test "Ctrl-L takes away what others have written over it" {
	open_terminal xterm-256color C.UTF-8
	start_screen -i "$RECORDING"
	press p
	wait_until shows PAUSED
	printf '\033[Hkernel: something happened' >"$(mark '#{pane_tty}')"
	wait_until shows 'kernel: something'
	press C-l
	wait_until shows_not 'kernel: something'
	shows 'services.*leaks'
	press q
	left_as_found 0
}

@test "messages wait until the screen has been left, unless they go elsewhere" {
	need_root
	probe_trace
	netns_new t
	open_terminal xterm-256color C.UTF-8 120 50
	start_screen top -v --netns "$(ns_path t)"
	shows_not 'twtrace: ready'
	press q
	left_as_found 0
	shows 'twtrace: ready'
	start_screen top -v --netns "$(ns_path t)" "2>$BATS_TEST_TMPDIR/errors"
	wait_until grep 'twtrace: ready' "$BATS_TEST_TMPDIR/errors"
	press q
	left_as_found 0
	shows_not 'twtrace: ready'
}

@test "a terminal that hangs up ends it" {
	local pid

	# by SIGHUP, and by its absence
	for before in true "trap '' HUP"; do
		open_terminal xterm-256color C.UTF-8
		press -l "$before"
		press Enter
		start_screen -i "$RECORDING"
		pid=$(program)
		tm kill-server
		wait_until gone "$pid"
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

@test "a click opens a tab, by either kind of report" {
	open_terminal xterm-256color C.UTF-8
	start_screen -i "$RECORDING"
	wait_until is_marked '#{mouse_any_flag} #{mouse_sgr_flag}' '1 1'
	press p
	click_on services sgr
	wait_until shows '^SERVICE +OPEN'
	click_on remotes old
	wait_until shows '^REMOTE +OPEN'
	press q
	left_as_found 0
}

@test "a recording is played: paused, faster, slower, and at any moment of it" {
	open_terminal xterm-256color C.UTF-8 120 40
	start_screen -i "$RECORDING"
	wait_until shows '  1x  '
	press + +
	wait_until shows '  5x  '
	press - - - - -
	wait_until shows '  0.25x  '
	press p
	wait_until shows '  PAUSED  '
	press Right Right Right Right
	wait_until at_second 4[0-9]
	shows '^leaks +LEAK'
	press Left Left Left
	wait_until at_second 1[0-9]
	shows_not '^leaks +LEAK'
	# on to its end, where it stays
	press "]" "]"
	wait_until shows ' 57.5s of 57.5s'
	press p
	wait_until shows '  PAUSED  '
	press "[" "["
	wait_until shows ' [01](\.[0-9]+)?s of 57.5s'
	press q
	left_as_found 0
}

@test "a time in which nothing was recorded is passed over" {
	open_terminal xterm-256color C.UTF-8 120 40
	start_screen -i "$ROOT/tests/golden/churn/recording" -i "$RECORDING"
	wait_until shows '^[^ ]+ +11:30:3'
	# hours later by their clocks
	wait_until shows '^[^ ]+ +23:38:3'
	press q
	left_as_found 0
}

# at_second REGEX: so much of the recording has been played
at_second() {
	shows "^recording .* $1\.[0-9]*s of 57.5s"
}

# click_on WORD sgr|old: at its first place on the screen
click_on() {
	local row=0 column line before

	while IFS= read -r line; do
		row=$((row + 1))
		[[ $line == *"$1"* ]] && break
	done < <(screen)
	before=${line%%"$1"*}
	column=$((${#before} + 1))
	if [[ $2 == sgr ]]; then
		# ESC [ < 0 ; column ; row M, then m: let go
		press_text "$(printf '\033[<0;%d;%dM\033[<0;%d;%dm' $column $row $column $row)"
	else
		press_text "$(printf '\033[M %b%b' "\\x$(printf %x $((column + 32)))" \
			"\\x$(printf %x $((row + 32)))")"
	fi
}

press_text() {
	local bytes

	mapfile -t bytes < <(printf %s "$1" | od -An -v -tx1 | xargs -n1)
	press_bytes "${bytes[@]}"
}

@test "colours, unless NO_COLOR is against them" {
	open_terminal xterm-256color C.UTF-8
	start_screen -i "$RECORDING"
	has_colour
	press q
	left_as_found 0
	press -l "export NO_COLOR=1"
	press Enter
	start_screen -i "$RECORDING"
	has_colour && fail "coloured"
	press q
	left_as_found 0
}

# An escape sequence with a colour of the text: 30 to 37, or 38;5;N.
has_colour() {
	tm capture-pane -e -p -t t | grep -q $'\033''\[\([0-9;]*;\)\?3[0-8]'
}

@test "what is traced is on the screen, and in the totals at its end" {
	live_setup
	probe_trace
	netns_new t
	open_terminal xterm-256color C.UTF-8 120 40
	start_screen top --netns "$(ns_path t)"
	traffic client_first --count 50 --port 7100
	press 1
	wait_until shows '^7100 +client .* 50 +50 '
	press q
	left_as_found 0
	shows '^total +100 connections, 100 opened, 100 closed, 50 closed first'
}

@test "a terminal that reads nothing: ready all the same, and no event is lost" {
	live_setup
	probe_trace
	need_command /usr/bin/python3
	netns_new t
	stuck once "$TWTRACE" top --netns "$(ns_path t)" --interval 100ms -- \
		ip netns exec "$(ns t)" "$TRAFFIC" client_first --count 500 --here
	[[ $output == *"status 0"* && $output == *"modes kept"* ]]
	[[ $output == *"1,000 connections, 1,000 opened, 1,000 closed, 500 closed first"* ]]
	[[ $output != *"not told"* && $output != *"lost"* ]]
}

@test "a second signal ends it, and the terminal is given back all the same, which is given up soon anyway" {
	live_setup
	probe_trace
	need_command /usr/bin/python3
	netns_new t
	stuck again "$TWTRACE" top --netns "$(ns_path t)" --interval 100ms -- true
	[[ $output == *"status -2"* || $output == *"status 0"* ]]
	[[ $output == *"modes kept"* && $output == *$'\033[?1049l'* && $output == *$'\033[?1000l'* ]]
}

# stuck once|again PROGRAM... -- COMMAND...: see there
stuck() {
	TERM=xterm-256color run -0 timeout 100 /usr/bin/python3 -B "$LIVE/screen/stuck.py" "$@"
}
