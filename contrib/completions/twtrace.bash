# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completions of twtrace for bash: the program itself says what there is to choose from.

_twtrace()
{
	local words=('') word before answer shown i

	# bash takes --output=json for three words: back together, as far as the cursor
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]} before=${words[-1]}
		if [[ $before == --*= || ($before == --?* && $word == =) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	COMPREPLY=()
	word=${words[-1]}
	while IFS=$'\t' read -r answer _; do
		case $answer in
		'<file>' | '<directory>' | '<command>')
			shown=${word#--*=}
			[[ $answer != '<file>' ]] || mapfile -t COMPREPLY < <(compgen -f -- "$shown")
			[[ $answer != '<directory>' ]] || mapfile -t COMPREPLY < <(compgen -d -- "$shown")
			[[ $answer != '<command>' ]] || mapfile -t COMPREPLY < <(compgen -c -- "$shown")
			compopt -o filenames 2>/dev/null
			;;
		*)
			# what stands before the last = is not part of the word that bash replaces
			[[ $word != --*=* ]] || answer=${answer#"${word%%=*}="}
			COMPREPLY+=("$answer")
			;;
		esac
	done < <("${COMP_WORDS[0]}" --complete "${words[@]:1}" 2>/dev/null)
	# a value is still to come
	[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

complete -F _twtrace twtrace
