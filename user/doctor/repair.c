// SPDX-License-Identifier: GPL-2.0-or-later
/* From a damaged line to the settings that were meant. */
#include "doctor/repair.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "doctor/counsel.h"
#include "doctor/plain.h"

#define LINE_LEN 4096
#define LEAST_LEN 10		/* of a name that may have a typing error */
#define MOST_ERRORS 2

/* What stands before a setting where a command is meant. */
static const char *const commands[] = {
	"$ ", "# ", "> ", "- ", "sudo ", "sysctl ", "/sbin/sysctl ", "-w ", "--write ", "-q ",
};

static const char *const roots[] = { "net", "fs", "kernel", "vm" };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* In place: without blanks at both ends. */
static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len && is_blank(text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* "Net.ipv4/tcp_ tw_reuse" into "net.ipv4.tcp_tw_reuse". False: no name. */
static bool squeeze(const char *text, size_t len, char name[static NAME_LEN])
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_blank((char)c))
			continue;
		if ((!isalnum(c) && !strchr("._-/", c)) || count + 1 == NAME_LEN)
			return false;
		name[count++] = c == '/' ? '.' : (char)tolower(c);
	}
	name[count] = '\0';
	return count && isalpha((unsigned char)name[0]);
}

static const char *find_known(const char *name, bool by_start)
{
	const char *known;

	for (size_t i = 0; (known = counsel_known(i)); i++)
		if (by_start ? !strncmp(known, name, strlen(name)) : !strcmp(known, name))
			return known;
	return NULL;
}

static size_t least(size_t one, size_t two)
{
	return one < two ? one : two;
}

/* Characters to change, add or drop (Levenshtein); two that are swapped are two. */
static size_t errors_between(const char *one, const char *two)
{
	size_t row[NAME_LEN + 1], width = strlen(two), corner, above;

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; one[i - 1]; i++) {
		corner = row[0]++;
		for (size_t j = 1; j <= width; j++) {
			above = row[j];
			row[j] = least(least(above, row[j - 1]) + 1,
				       corner + (one[i - 1] != two[j - 1]));
			corner = above;
		}
	}
	return row[width];
}

/* The known name that was meant; NULL: none. */
static const char *guess(const char *name)
{
	static const char *const parents[] = { "net.ipv4.", "net.core.", "net.netfilter.", "net." };
	char whole[2 * NAME_LEN];
	const char *known, *found = NULL;
	size_t best = MOST_ERRORS + 1;

	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		snprintf(whole, sizeof(whole), "%s%s", parents[i], name);
		known = find_known(whole, false);
		if (known)
			return known;
	}
	for (size_t i = 0; strlen(name) >= LEAST_LEN && (known = counsel_known(i)); i++) {
		size_t errors = errors_between(name, known);

		if (errors < best) {
			best = errors;
			found = known;
		}
	}
	return found;
}

static void name_statement(struct statement *statement, const char *written, size_t len)
{
	const char *meant;

	if (!find_known(statement->name, false)) {
		meant = guess(statement->name);
		if (meant)
			snprintf(statement->name, sizeof(statement->name), "%s", meant);
	}
	if (strlen(statement->name) != len || strncmp(statement->name, written, len))
		statement->repaired = true;
}

/* "30s", "200,000", "15000-64999" into the numbers that they are, for a sysctl of numbers. */
static void repair_numbers(struct statement *statement)
{
	unsigned int numbers = counsel_values(statement->name);
	char *value = statement->value, *to = value, before = ' ';
	char was[VALUE_LEN];

	if (!numbers)
		return;
	snprintf(was, sizeof(was), "%s", value);
	for (const char *from = was; *from; before = *from++) {
		if (isdigit((unsigned char)*from))
			*to++ = *from;
		else if ((is_blank(*from) || ((*from == '-' || *from == ',') && numbers > 1)) &&
			 to > value && to[-1] != ' ')
			*to++ = ' ';
		else if (*from == ',' && numbers == 1 && strspn(from + 1, "0123456789") == 3)
			continue;
		else if (isalpha((unsigned char)*from) &&
			 (isdigit((unsigned char)before) || isalpha((unsigned char)before) ||
			  is_blank(before)) &&
			 to > value)
			continue;
		else if (!is_blank(*from))
			/* no number: it stays as it is, to be refused */
			goto undo;
	}
	while (to > value && to[-1] == ' ')
		to--;
	*to = '\0';
	statement->repaired |= strcmp(was, value) && strspn(was, "0123456789 \t") != strlen(was);
	return;
undo:
	snprintf(value, VALUE_LEN, "%s", was);
}

static void set_value(struct statement *statement, char *text)
{
	size_t len;

	text = trim(text);
	len = strlen(text);
	while (len && strchr(";,.", text[len - 1])) {
		text[--len] = '\0';
		statement->repaired = true;
	}
	snprintf(statement->value, sizeof(statement->value), "%.*s", VALUE_LEN - 1, trim(text));
	for (char *tab = statement->value; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	repair_numbers(statement);
}

/* The longest known name at the start of a text without "=": where it ends; 0: none. */
static size_t known_start(const char *text, char name[static NAME_LEN])
{
	char squeezed[NAME_LEN];
	size_t found = 0;

	for (size_t len = 1; len <= strlen(text); len++) {
		if (is_blank(text[len - 1]))
			continue;
		if (!squeeze(text, len, squeezed) || !find_known(squeezed, true))
			break;
		if (find_known(squeezed, false)) {
			strcpy(name, squeezed);
			found = len;
		}
	}
	return found;
}

/* One setting, all of @text. False: it is none. */
static bool take_statement(char *text, struct statement *statement)
{
	char *value;
	size_t len, end;

	text = trim(text);
	len = strcspn(text, "=");
	value = text + len + (text[len] == '=');
	if (!text[len]) {
		len = strcspn(text, ":");
		statement->repaired = true;
		value = text + len + (text[len] == ':');
	}
	if (!text[len]) {
		len = known_start(text, statement->name);
		if (!len && squeeze(text, strcspn(text, " \t"), statement->name) &&
		    strchr(statement->name, '.'))
			len = strcspn(text, " \t");
		if (!len)
			return false;
		value = text + len;
	}
	end = len;
	while (end && is_blank(text[end - 1]))
		end--;
	if (!squeeze(text, end, statement->name) || !strpbrk(statement->name, "._"))
		return false;
	name_statement(statement, text, end);
	for (; *value == '='; value++)
		statement->repaired = true;
	set_value(statement, value);
	return true;
}

/* Whether a setting begins here: "net.", "net /", but not within a word. */
static bool begins(const char *text, const char *at)
{
	if (at > text && (isalpha((unsigned char)at[-1]) || strchr("._-/", at[-1])) &&
	    !(at[-1] == '-' && (at - 1 == text || is_blank(at[-2]))))
		return false;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		size_t len = strlen(roots[i]);

		if (!strncasecmp(at, roots[i], len) &&
		    strchr("./", at[len + strspn(at + len, " \t")]) &&
		    at[len + strspn(at + len, " \t")])
			return true;
	}
	return false;
}

static void add_statement(char *text, bool damaged,
			  struct statement statements[static MAX_STATEMENTS], size_t *count)
{
	struct statement statement = { .repaired = damaged };

	if (*count < MAX_STATEMENTS && take_statement(text, &statement))
		statements[(*count)++] = statement;
}

/* Settings that run together come apart where the next one begins. */
static void take_part(char *text, bool damaged, struct statement statements[static MAX_STATEMENTS],
		      size_t *count)
{
	char *start = text, *at = text;

	for (; *at; at++) {
		char kept = *at;

		if (at == start || !begins(text, at))
			continue;
		if (!begins(text, start) && !strpbrk(start, "=")) {
			start = at;
			continue;
		}
		*at = '\0';
		/* what comes before the first is no setting, if it has no value */
		if (begins(text, start) || strchr(start, '='))
			add_statement(start, true, statements, count);
		*at = kept;
		start = at;
		damaged = true;
	}
	add_statement(start, damaged || start != text, statements, count);
}

/* echo 1 > /proc/sys/net/ipv4/x, echo 1 | sudo tee /proc/sys/... */
static bool take_echo(char *text, struct statement statements[static MAX_STATEMENTS], size_t *count)
{
	static const char root[] = "/proc/sys/";
	char *path = strstr(text, root), *end;
	struct statement statement = { .repaired = true };

	if (!path || strncmp(text, "echo ", 5))
		return false;
	end = text + strcspn(text, ">|");
	*end = '\0';
	path += strlen(root);
	if (!squeeze(path, strcspn(path, " \t;"), statement.name))
		return false;
	name_statement(&statement, statement.name, strlen(statement.name));
	set_value(&statement, text + 5);
	statements[(*count)++] = statement;
	return true;
}

/* In place: quotes go, and a comment behind the value, which sysctl(8) would take for it. */
static bool strip(char *text)
{
	bool changed = false;
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '#' && from > text && is_blank(from[-1])) {
			changed = true;
			break;
		}
		if (strchr("\"'`", *from))
			changed = true;
		else
			*to++ = *from;
	}
	*to = '\0';
	return changed;
}

static char *skip_commands(char *text, bool *changed)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i]);

		if (strncasecmp(text, commands[i], len))
			continue;
		/* "- net.x = 1" may stand in sysctl.d */
		*changed |= strcmp(commands[i], "- ") != 0;
		text = trim(text + len);
		i = (size_t)-1;
	}
	return text;
}

/* A comment, but for a command behind the prompt of root. */
static bool is_comment(const char *text)
{
	static const char *const prompted[] = { "# sysctl ", "# echo ", "#sysctl -w ", "# sudo " };

	for (size_t i = 0; i < sizeof(prompted) / sizeof(prompted[0]); i++)
		if (!strncmp(text, prompted[i], strlen(prompted[i])) &&
		    (strchr(text, '=') || strstr(text, "/proc/sys/")))
			return false;
	return text[0] == '#' || text[0] == ';';
}

enum line_kind repair_line(const char *line, struct statement statements[static MAX_STATEMENTS],
			   size_t *count)
{
	char buffer[LINE_LEN], *text, *rest;
	bool damaged = plain_text(line, buffer, sizeof(buffer));

	*count = 0;
	text = trim(buffer);
	if (!text[0])
		return LINE_BLANK;
	if (is_comment(text))
		return LINE_COMMENT;
	text += text[0] == '#';
	damaged |= strip(text);
	for (text = trim(text); text; text = rest) {
		bool changed = damaged;
		char *end = strpbrk(text, ";&");

		rest = NULL;
		if (end) {
			*end = '\0';
			rest = trim(end + 1 + (end[1] == '&'));
			damaged = changed = true;
			if (!*rest)
				rest = NULL;
		}
		text = skip_commands(trim(text), &changed);
		/* sysctl.d: not a word if it fails */
		text += *text == '-';
		if (*text && *count < MAX_STATEMENTS && !take_echo(text, statements, count))
			take_part(text, changed, statements, count);
	}
	return *count ? LINE_SETTINGS : LINE_OTHER;
}
