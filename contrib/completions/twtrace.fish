# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completions of twtrace for fish: the program itself says what there is to choose from.

function __twtrace_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l word $words[-1]
	set -l option (string match -r -- '^--[^=]*=' $word)
	set -l rest (string replace -r -- '^--[^=]*=' '' $word)

	for answer in ($words[1] --complete $words[2..-1] 2>/dev/null)
		switch $answer
			case '<file>'
				printf "$option%s\n" (__fish_complete_path $rest)
			case '<directory>'
				printf "$option%s\n" (__fish_complete_directories $rest)
			case '<command>'
				__fish_complete_command
			case '*'
				echo $answer
		end
	end
end

complete -c twtrace -f -a '(__twtrace_complete)'
