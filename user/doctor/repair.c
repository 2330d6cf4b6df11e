// SPDX-License-Identifier: GPL-2.0-or-later
/* From a damaged line to the settings that were meant. */
#include "doctor/repair.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/meant.h"
#include "doctor/numbers.h"
#include "doctor/plain.h"

/* What stands before a setting where a command is meant. */
static const char *const commands[] = {
	"$ ", "# ", "> ", "- ", "sudo ", "sysctl ", "/sbin/sysctl ", "-w ", "--write ", "-q ",
};

/* Whom statements are told to. */
struct hearer {
	statement_fn *fn;
	void *ctx;
	size_t count;
	int ret;		/* the first one that was not 0 */
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

/* sysctl(8) takes "net/ipv4/tcp_tw_reuse" too: slashes throughout are no damage. */
static bool stands_so(const char *name, const char *written, size_t len)
{
	bool slashes = !memchr(written, '.', len);

	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] != (slashes && written[i] == '/' ? '.' : written[i]))
			return false;
	return true;
}

static void name_statement(struct statement *statement, const char *written, size_t len)
{
	const char *meant = meant_name(statement->name);

	if (meant)
		snprintf(statement->name, sizeof(statement->name), "%s", meant);
	statement->repaired |= !stands_so(statement->name, written, len);
}

/* "1 (do not use)": what is said of a number is no part of it. */
static bool cut_remark(char *text)
{
	char *remark = strchr(text, '(');

	if (!remark || remark == text || !is_blank(remark[-1]) || !isdigit((unsigned char)text[0]))
		return false;
	*remark = '\0';
	return true;
}

static void set_value(struct statement *statement, char *text)
{
	size_t len;

	text = trim(text);
	statement->repaired |= cut_remark(text);
	text = trim(text);
	len = strlen(text);
	while (len && strchr(";,.", text[len - 1])) {
		text[--len] = '\0';
		statement->repaired = true;
	}
	text = trim(text);
	for (char *tab = text; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	statement->too_long = strlen(text) >= VALUE_LEN;
	text_clean(text, strlen(text), statement->value, sizeof(statement->value));
	if (!statement->too_long)
		statement->repaired |= numbers_repair(statement->name, statement->value);
}

/* The longest known name at the start of a text without "=": where it ends; 0: none. */
static size_t known_start(const char *text, char name[static NAME_LEN])
{
	char squeezed[NAME_LEN];
	size_t found = 0, end = strlen(text);

	for (size_t len = 1; len <= end; len++) {
		if (is_blank(text[len - 1]))
			continue;
		if (!squeeze(text, len, squeezed) || !meant_known(squeezed, true))
			break;
		if (meant_known(squeezed, false)) {
			strcpy(name, squeezed);
			found = len;
		}
	}
	return found;
}

/* Where the name ends in a text without "=" and ":"; 0: it has none. */
static size_t unsigned_name(const char *text, char name[static NAME_LEN])
{
	size_t len = known_start(text, name), word = strcspn(text, " \t");
	const char *behind = text + word + strspn(text + word, " \t");

	if (len)
		return len;
	if (!squeeze(text, word, name))
		return 0;
	/* half a name is a word of prose too: a number makes it a setting */
	return strchr(name, '.') || (meant_name(name) && isdigit((unsigned char)*behind)) ? word :
											    0;
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
		len = unsigned_name(text, statement->name);
		if (!len)
			return false;
		value = trim(text + len);
		/* a dash for "=" */
		value += value[0] == '-' && is_blank(value[1]);
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

static void tell(struct hearer *hearer, const struct statement *statement)
{
	hearer->count++;
	if (!hearer->ret)
		hearer->ret = hearer->fn(hearer->ctx, statement);
}

static void add_statement(char *text, bool damaged, struct hearer *hearer)
{
	struct statement statement = { .repaired = damaged };

	if (take_statement(text, &statement))
		tell(hearer, &statement);
}

/* Settings that run together come apart where the next one begins. */
static void take_part(char *text, bool damaged, struct hearer *hearer)
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
			add_statement(start, true, hearer);
		*at = kept;
		start = at;
		damaged = true;
	}
	add_statement(start, damaged || start != text, hearer);
}

/* echo 1 > /proc/sys/net/ipv4/x, echo 1 | sudo tee /proc/sys/... */
static bool take_echo(char *text, struct hearer *hearer)
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
	tell(hearer, &statement);
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

static void take_line(char *text, bool damaged, struct hearer *hearer)
{
	char *rest;

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
		if (*text && !take_echo(text, hearer))
			take_part(text, changed, hearer);
	}
}

int repair_line(const char *line, size_t len, statement_fn *fn, void *ctx, enum line_kind *kind)
{
	struct hearer hearer = { .fn = fn, .ctx = ctx };
	char *buffer = malloc(PLAIN_SIZE(len)), *text;
	bool damaged;

	if (!buffer)
		return -ENOMEM;
	damaged = plain_text(line, len, buffer);
	text = trim(buffer);
	*kind = LINE_BLANK;
	if (is_comment(text)) {
		*kind = LINE_COMMENT;
	} else if (text[0]) {
		text += text[0] == '#';
		damaged |= strip(text);
		take_line(text, damaged, &hearer);
		*kind = hearer.count ? LINE_SETTINGS : LINE_OTHER;
	}
	free(buffer);
	return hearer.ret;
}
