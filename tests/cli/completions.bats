#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the shells offer at a tab, asked of the shells themselves.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	[[ $TWTRACE == /* ]] || TWTRACE=$PWD/$TWTRACE
	COMPLETIONS=$PWD/contrib/completions
	PATH=${TWTRACE%/*}:$PATH
	RECORDING=$PWD/tests/golden/churn/recording
}

# offers WORD...: what the program offers for the last word, without its comments
offers() {
	"$TWTRACE" --complete "$@" | cut -f 1
}

# ------------------------------------------------------------------------- the program

@test "the commands and options offered are those of the help" {
	local command

	diff <(offers '') <("$TWTRACE" --help | sed -n 's/^  \([a-z]\+\)  .*/\1/p')
	for command in $(offers ''); do
		diff <(offers "$command" - | sed 's/=$//' | sort) \
			<("$TWTRACE" "$command" --help | sed -nE 's/^ {2,6}(-., )?(--[a-z-]+).*/\2/p' | sort)
	done
}

@test "each value offered is one that the program takes, and none that it has is missing" {
	local command option value count

	while read -r command option count; do
		offers "$command" "--$option=" >"$BATS_TEST_TMPDIR/values"
		[[ $(wc -l <"$BATS_TEST_TMPDIR/values") == "$count" ]] ||
			{ echo "$command --$option: $(<"$BATS_TEST_TMPDIR/values")"; return 1; }
		while read -r value; do
			[[ $value == *= ]] && continue
			"$TWTRACE" "$command" "$value" -i "$RECORDING" >/dev/null 2>"$BATS_TEST_TMPDIR/said" ||
				{ echo "$command $value: $(<"$BATS_TEST_TMPDIR/said")"; return 1; }
		done <"$BATS_TEST_TMPDIR/values"
	done <<-END
		top output 3
		trace output 3
		trace kind 9
		list sort 7
		list state 12
		flame output 5
		flame by $(("$(frames)" + 4))
		flame weight 6
		flame color 2
		top family 2
		ports what-if 13
	END
	[[ $(offers top --evidence=) == $'--evidence=inferred\n--evidence=timer\n--evidence=kprobe\n--evidence=fentry' ]]
}

# frames: how many there are, by the sentence that refuses one
frames() {
	"$TWTRACE" flame --by=none 2>&1 | sed -n 's/.*but these: \([^;]*\);.*/\1/p' | tr ',' '\n' | wc -l
}

@test "what is offered goes on from what was typed" {
	[[ $(offers top --fam) == --family= ]]
	[[ $(offers trace --kind time_wait_enter,time_wait_ex) == time_wait_enter,time_wait_exit ]]
	[[ $(offers flame --by=service,rol) == --by=service,role ]]
	[[ $(offers top -o js) == $'json\njsonl' ]]
	[[ $(offers --lim) == --limit= ]]
	[[ $(offers nothing --lim) == "" ]]
	[[ $(offers top --for '') == "" ]]
	[[ $(offers record --for 10s '') == '<file>' ]]
	[[ $(offers record one '') == $(offers record -) || $(offers record one '') == "" ]]
	[[ $(offers report one '') == '<file>' ]]
	[[ $(offers run --fail ma) == '<command>' ]]
	[[ $(offers run --fail make --k) == "" && $(offers run -- make k) == '<file>' ]]
	[[ $(offers doctor --facts '') == '<directory>' ]]
}

# ------------------------------------------------------------------------------- bash

# in_bash WORD...: the words as bash splits them; what it would offer, sorted
in_bash() {
	# shellcheck disable=SC2016 # of the shell that is run
	bash --norc -c 'source "$1/twtrace.bash"; shift; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_twtrace; printf "%s\n" "${COMPREPLY[@]}"' _ "$COMPLETIONS" twtrace "$@" | sort -u
}

@test "bash" {
	[[ $(in_bash t) == $'top\ntrace' ]]
	[[ $(in_bash top --out) == --output= ]]
	[[ $(in_bash top --output = js) == $'json\njsonl' ]]
	[[ $(in_bash top --output =) == $'json\njsonl\ntext' ]]
	[[ $(in_bash flame --by = service,rol) == service,role ]]
	[[ $(in_bash list --sort l) == $'left\nlocal' ]]
	[[ $(in_bash top --input = docs/what) == docs/what-if.md ]]
	[[ $(in_bash report docs/what) == docs/what-if.md ]]
	[[ $(in_bash doctor --facts tests/g) == tests/golden ]]
	[[ $(in_bash run -- printen) == printenv ]]
	[[ $(bash --norc -c 'source "$1/twtrace.bash"; complete -p twtrace' _ "$COMPLETIONS") == "complete -F _twtrace twtrace" ]]
}

# ------------------------------------------------------------------------------- fish

# in_fish LINE: what fish would offer at its end, sorted
in_fish() {
	# shellcheck disable=SC2016 # of the shell that is run
	HOME=$BATS_TEST_TMPDIR XDG_CONFIG_HOME=$BATS_TEST_TMPDIR fish --no-config \
		-c 'source $argv[1]; complete -C $argv[2]' "$COMPLETIONS/twtrace.fish" "$1" | cut -f 1 | LC_ALL=C sort
}

@test "fish" {
	command -v fish >/dev/null || skip "needs fish"
	[[ $(in_fish 'twtrace t') == $'top\ntrace' ]]
	[[ $(in_fish 'twtrace top --outp') == --output= ]]
	[[ $(in_fish 'twtrace top --output=js') == $'--output=json\n--output=jsonl' ]]
	[[ $(in_fish 'twtrace list --sort l') == $'left\nlocal' ]]
	[[ $(in_fish 'twtrace report docs/what') == docs/what-if.md ]]
	[[ $(in_fish 'twtrace top --input=docs/what') == --input=docs/what-if.md ]]
	[[ $(in_fish 'twtrace doctor --facts tests/gol') == tests/golden/ ]]
	[[ $(in_fish 'twtrace run printen') == printenv ]]
}

# -------------------------------------------------------------------------------- zsh

# in_zsh LINE: types it, with a tab where @ stands; the words that twtrace is then started with
in_zsh() {
	cat >"$BATS_TEST_TMPDIR/type" <<-'END'
		zmodload zsh/zpty
		tab=$'\t'
		zpty shell "TERM=dumb HOME=$HOME zsh -f -i"
		zpty -w shell "PS1=; fpath=($1 \$fpath); zstyle ':completion:*' insert-tab false; autoload -U compinit; compinit -u -d $2/dump"
		zpty -w shell "twtrace() { [[ \$1 == --complete ]] && { command twtrace \"\$@\"; return }; print -r -- \$* >$2/ran; }"
		zpty -w shell "PS1=ask''ing"
		zpty -r shell seen '*asking*'
		zpty -w shell "${3//@/$tab}"
		until [[ -s $2/ran ]]; do zpty -r -t shell seen; sleep 0.02; done
		zpty -d shell
		cat $2/ran
	END
	rm -f "$BATS_TEST_TMPDIR/ran"
	HOME=$BATS_TEST_TMPDIR timeout 30 zsh -f "$BATS_TEST_TMPDIR/type" "$COMPLETIONS" "$BATS_TEST_TMPDIR" "$1"
}

@test "zsh" {
	command -v zsh >/dev/null || skip "needs zsh"
	[[ $(in_zsh 'twtrace doc@') == doctor ]]
	[[ $(in_zsh 'twtrace top --outp@jsonl') == "top --output=jsonl" ]]
	[[ $(in_zsh 'twtrace list --sort sta@') == "list --sort state" ]]
	[[ $(in_zsh 'twtrace flame --by=service,rol@') == "flame --by=service,role" ]]
	[[ $(in_zsh 'twtrace report docs/what@') == "report docs/what-if.md" ]]
	[[ $(in_zsh 'twtrace top --input=docs/what@') == "top --input=docs/what-if.md" ]]
	[[ $(in_zsh 'twtrace run -- printen@') == "run -- printenv" ]]
}
