// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses the shared options with argp: one table a group. */
#include "cmd/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cmd/argp_said.h"
#include "cmd/command.h"
#include "cmd/complete.h"
#include "cmd/odd_option.h"
#include "cmd/option_rows.h"

/* As well as argp's -? */
#define KEY_HELP 'h'
#define MAX_OWN 16

struct parse {
	struct options *options;
	const struct option_spec *spec;
};

static bool command_implied;

void options_imply_command(void)
{
	command_implied = true;
}

/* NULL: no option of this program. */
static const struct option_row *find_row(const struct option_spec *spec, int key)
{
	for (size_t i = 0; i < NR_SHARED_ROWS; i++)
		if (shared_rows[i].option.key == key)
			return &shared_rows[i];
	for (const struct option_row *row = spec->own; row && row->set; row++)
		if (row->option.key == key)
			return row;
	return NULL;
}

/* Whether an operand is one more recording. */
static bool takes_recording(const struct parse *parse)
{
	return parse->spec->recordings ||
	       (!parse->spec->operand && !parse->spec->words && parse->options->nr_inputs);
}

static error_t parse_one(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	const struct option_row *row;
	struct error err = { 0 };

	if (key == KEY_HELP)
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
	if (key == ARGP_KEY_ARG && parse->spec->words) {
		/* what follows is the program's, options too */
		parse->options->words = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	}
	/* -i ring.*.twr: the shell has made several words of it */
	if (key == ARGP_KEY_ARG && takes_recording(parse)) {
		if (options_set(parse->options, GROUP_INPUT, "input", arg, &err))
			argp_error(state, "%s", err.text);
		parse->options->operand = arg;
		return 0;
	}
	if (key == ARGP_KEY_ARG) {
		if (!parse->spec->operand || parse->options->operand) {
			error_set(&err, -EINVAL, "unexpected argument '%s'%s", arg,
				  command_implied ?
					  "; a command comes first, its options behind it" :
					  "");
			argp_error(state, "%s", err.text);
		}
		parse->options->operand = arg;
		return 0;
	}
	if (key == ARGP_KEY_END && parse->spec->words && !parse->options->words &&
	    !parse->options->nr_inputs)
		argp_error(state, "needs a COMMAND to run");
	if (key == ARGP_KEY_END && parse->spec->words && parse->options->words &&
	    parse->options->nr_inputs) {
		error_set(&err, -EINVAL, "reads a recording or runs '%s', not both",
			  parse->options->words[0]);
		argp_error(state, "%s", err.text);
	}
	if (key == ARGP_KEY_END && parse->spec->operand && !parse->spec->words &&
	    !parse->options->operand)
		argp_error(state, "needs a %s", parse->spec->operand);
	row = find_row(parse->spec, key);
	if (!row)
		return ARGP_ERR_UNKNOWN;
	if (row->set(parse->options, arg, &err))
		argp_error(state, "--%s %s", row->option.name, err.text);
	return 0;
}

void options_init(struct options *options)
{
	*options = (struct options){ .interval_ns = 1000000000,
				     .ready_fd = -1,
				     .evidence = TW_NR_EVIDENCE };
}

void options_parse(struct options *options, const struct option_spec *spec, int argc, char **argv)
{
	struct argp_option table[NR_SHARED_ROWS + MAX_OWN + 2] = { { 0 } };
	char formats[FORMATS_LEN];
	struct parse parse = { options, spec };
	struct argp argp = {
		.options = table,
		.parser = parse_one,
		.args_doc = spec->operand,
		.doc = spec->doc,
	};
	size_t count = 0;
	error_t ret;

	for (size_t i = 0; i < NR_SHARED_ROWS; i++)
		if (shared_rows[i].group == GROUP_COMMON || (shared_rows[i].group & spec->groups)) {
			table[count] = shared_rows[i].option;
			if (shared_rows[i].group == GROUP_OUTPUT)
				table[count].doc =
					name_formats(spec->formats, " (default)", formats);
			count++;
		}
	for (const struct option_row *row = spec->own; row && row->set; row++)
		table[count++] = row->option;
	if (argc > 1 && !strcmp(argv[1], COMPLETE)) {
		complete_words(table, spec, argv + 2, argc - 2);
		exit(STATUS_OK);
	}
	table[count++] = (struct argp_option){ NULL, KEY_HELP, NULL, OPTION_HIDDEN, NULL, 0 };
	options->formats = spec->formats;
	options->format = spec->formats ? spec->formats[0] : NULL;
	argp_err_exit_status = STATUS_USAGE;
	argp_program_version = "twtrace " TWTRACE_VERSION;
	argp_said_begin();
	if (odd_option(table, spec->words, argc, argv)) {
		fprintf(stderr, "%s: invalid option -- '\xff'\n", argv[0]);
		argp_help(&argp, stderr, ARGP_HELP_SEE, argv[0]);
		exit(STATUS_USAGE);
	}
	/* what is wrong with the words it says itself, and ends; this is memory */
	ret = argp_parse(&argp, argc, argv, spec->words ? ARGP_IN_ORDER : 0, NULL, &parse);
	argp_said_end();
	if (ret) {
		log_msg(LOG_WARNING, "%s", strerror(ret));
		exit(STATUS_FAILED);
	}
	log_set_level(options->verbose > 1 ? LOG_DEBUG :
		      options->verbose	   ? LOG_VERBOSE :
					     LOG_WARNING);
}

int options_set(struct options *options, unsigned int groups, const char *name, const char *value,
		struct error *err)
{
	for (size_t i = 0; i < NR_SHARED_ROWS; i++)
		if ((shared_rows[i].group & groups) && !strcmp(shared_rows[i].option.name, name))
			return shared_rows[i].set(options, value, err);
	return -ENOENT;
}
