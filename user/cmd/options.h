/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that commands share, as groups: a command names the groups it takes,
 * and help, usage and errors follow from the tables.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/user.h"
#include "model/filter.h"
#include "sink/sink.h"

/* Parts of one recording may be many; hosts, or boots, are MODEL_MAX_SOURCES at most. */
#define MAX_INPUTS 256
#define MOST_READ_LATER 2

struct options {
	const struct sink_ops *const
		*formats; /* the command's, the first is the default; NULL-ended */
	const struct sink_ops *format;		/* chosen */
	bool format_named;			/* by the user */
	uint64_t for_ns;			/* 0: until stopped */
	uint64_t interval_ns;
	const char *inputs[MAX_INPUTS];		/* recordings; none: live */
	int input_fds[MAX_INPUTS];		/* once they are open (cmd/confine.h), or -errno */
	uint32_t nr_inputs;
	bool confined;				/* they are */
	struct filter filter;
	uint64_t ring_bytes;
	uint32_t kinds;
	uint32_t limit;
	enum list_sort sort;
	bool syscalls;
	bool names;
	bool fail;				/* what was found is an exit status */
	uint32_t stacks;			/* of one socket in so many; 0: none */
	bool debuginfod;
	enum tw_evidence evidence;		/* TW_NR_EVIDENCE: the best there is */
	int ready_fd;				/* -1: none */
	struct user user;			/* live: to run as */
	bool no_audit;
	int verbose;
	const char *operand;			/* a command's FILE; NULL: none given */
	char **words;				/* a program and its arguments; NULL: none given */
	const char *report;			/* a file; NULL: where the command has it */
	const char *record_to;			/* a file; NULL: none */
	/* of a command's files those that are opened once nothing else can be any more */
	const char *read_later[MOST_READ_LATER]; /* files, or folders with all below them */
	uint32_t nr_read_later;
	const char *written_later;		/* made and replaced; a pattern, too; NULL: none */
	void *own;				/* of the command, for its own options */
};

/* What it refuses, it quotes first: the name of the option is put in front. */
typedef int (*set_fn)(struct options *options, const char *arg, struct error *err);

struct option_row {
	unsigned int group;	/* GROUP_COMMON: every command */
	set_fn set;
	struct argp_option option;
};

/* Keys of options that one command alone has begin here. */
#define KEY_OWN 512

enum option_group {
	GROUP_COMMON = 0,	/* --verbose: every command has it */
	GROUP_FOR = 1 << 0,	/* --for */
	GROUP_OUTPUT = 1 << 1,	/* --output */
	GROUP_INPUT = 1 << 2,	/* --input */
	GROUP_FILTER = 1 << 3,	/* --port and its kin */
	GROUP_LIVE = 1 << 4,	/* --ring, --syscalls, --evidence, --user and their kin */
	GROUP_TABLE = 1 << 5,	/* --limit */
	GROUP_KIND = 1 << 6,	/* --kind */
	GROUP_SORT = 1 << 7,	/* --sort */
	GROUP_NAMES = 1 << 8,	/* --names */
	GROUP_FAIL = 1 << 9,	/* --fail */
	GROUP_STACKS = 1 << 10,	/* --stacks, --debuginfod */
	GROUP_REPORT = 1 << 11,	/* --report, --record */
	GROUP_INTERVAL = 1 << 12, /* --interval */
	GROUP_WINDOW = GROUP_FOR | GROUP_INTERVAL,
};

struct option_spec {
	const char *doc;	/* argp's: what the command does, then \v and notes */
	const char *operand;	/* "FILE": required; NULL: none allowed */
	bool recordings;	/* the operands are recordings, one or more */
	bool words;		/* the operand is a program to run, with all that follows */
	unsigned int groups;	/* enum option_group */
	const struct sink_ops *const *formats;
	const struct option_row *own;	/* of this command alone, up to one without set; NULL: none */
};

/* Nobody has named a command, as yet: a word that is left over may be meant as one. */
void options_imply_command(void);
void options_init(struct options *options);
/*
 * Fills @options from the command line; ends the program with a usage error (status
 * 2) or after --help.
 */
void options_parse(struct options *options, const struct option_spec *spec, int argc, char **argv);
/*
 * As if --@name @value had stood there, of an option in @groups. 0, or -EINVAL with a sentence
 * that quotes @value; -ENOENT without one: it is none of them.
 */
int options_set(struct options *options, unsigned int groups, const char *name, const char *value,
		struct error *err);
/* What --fail does, for a command that says in a row of its own what it fails for. */
int options_set_fail(struct options *options, const char *arg, struct error *err);

#endif
