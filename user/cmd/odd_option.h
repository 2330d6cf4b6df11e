/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An option of the letter \xff: getopt() says what is no option by its value, which as a char
 * is -1, and argp, for which -1 says that nothing is wrong, takes it for -? (glibc 2.36,
 * parser_parse_next()).
 */
#ifndef CMD_ODD_OPTION_H
#define CMD_ODD_OPTION_H

#include <argp.h>
#include <stdbool.h>

/*
 * Whether there is one, which argp would not refuse. @table: the options, ended as argp's;
 * @in_order: they end with the first word that is none.
 */
bool odd_option(const struct argp_option *table, bool in_order, int argc, char *const *argv);

#endif
