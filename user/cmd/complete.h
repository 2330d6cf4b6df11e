/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a shell offers for the word at its cursor: `twtrace --complete WORD...`, the words of
 * the command line up to there, the last one as far as it was typed. Not for people: it is in
 * no help. A candidate is a line: the whole word, a tab, a few words on it. For names of
 * files, directories and programs, which a shell knows better, there is a line <file>,
 * <directory> or <command>.
 */
#ifndef CMD_COMPLETE_H
#define CMD_COMPLETE_H

#include <argp.h>
#include <stddef.h>

#include "cmd/command.h"
#include "cmd/options.h"

/* The word that asks for it: the first one after the program's name, or a command's. */
#define COMPLETE "--complete"

/* The first of @words, which is a command's name or as much of it as was typed. */
void complete_command(const struct command *commands, size_t count, const char *word);
/* The last of @words, which follow the command. @table: its options, argp's own not among them. */
void complete_words(const struct argp_option *table, const struct option_spec *spec,
		    char *const *words, size_t count);

#endif
