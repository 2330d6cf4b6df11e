// SPDX-License-Identifier: GPL-2.0-or-later
/* Text to scroll in. */
#include "screen/pane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SPAN_LEN 1024

static const struct {
	const char *code;
	enum style style;
} codes[] = {
	{ "0", STYLE_PLAIN },  { "1", STYLE_STRONG }, { "2", STYLE_DIM },   { "31", STYLE_BAD },
	{ "1;31", STYLE_BAD }, { "33", STYLE_WARN },  { "32", STYLE_GOOD }, { "36", STYLE_STRONG },
};

void pane_release(struct pane *pane)
{
	free(pane->text);
	free(pane->lines);
	*pane = (struct pane){ 0 };
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/*
 * Where a line ends that needs more than @width columns: at the last blank, or within the word
 * that is wider than that. NULL: there is room for all of it.
 */
static const char *end_of_line(const char *line, unsigned int width)
{
	unsigned int column = 0;
	const char *blank = NULL;
	size_t len;
	uint32_t rune;

	for (line += strspn(line, " "); *line; line += len) {
		if (line[0] == '\033' && strchr(line, 'm')) {
			len = (size_t)(strchr(line, 'm') - line) + 1;
			continue;
		}
		if (*line == ' ')
			blank = line;
		len = text_rune(line, &rune);
		column += rune_width(rune);
		if (column > width)
			return blank ? blank : line;
	}
	return NULL;
}

static void print_line(FILE *out, const char *line, unsigned int width)
{
	unsigned int indent = strspn(line, " ");
	const char *end;

	/* the widest rune must fit, or nothing would ever be left behind */
	while (width >= indent + 2 && (end = end_of_line(line, width - indent))) {
		fprintf(out, "%.*s\n", (int)(end - line), line);
		line = end + (*end == ' ');
		indent = 0;
	}
	fprintf(out, "%s\n", line);
}

/* @text in lines of @width columns; as it is where memory is short. */
static char *broken(char *text, unsigned int width)
{
	char *lines = NULL, *rest = text;
	size_t size;
	FILE *out = text ? open_memstream(&lines, &size) : NULL;

	if (!out)
		return text;
	while (rest && *rest)
		print_line(out, strsep(&rest, "\n"), width);
	fclose(out);
	free(text);
	return lines;
}

void pane_set(struct pane *pane, char *text, unsigned int width)
{
	char *rest = broken(text, width);
	struct pane filled = { .text = rest, .top = pane->top };

	if (rest)
		filled.lines = calloc(count_lines(rest), sizeof(*filled.lines));
	while (filled.lines && rest && *rest)
		filled.lines[filled.count++] = strsep(&rest, "\n");
	if (!filled.lines)
		pane_release(&filled);
	pane_release(pane);
	*pane = filled;
}

void pane_move(struct pane *pane, long by)
{
	size_t last = pane->count > pane->height ? pane->count - pane->height : 0;

	if (by < 0 && pane->top < (size_t)-by)
		pane->top = 0;
	else
		pane->top += (size_t)by;
	if (pane->top > last)
		pane->top = last;
}

static enum style style_of(const char *code, size_t len)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strlen(codes[i].code) == len && !memcmp(codes[i].code, code, len))
			return codes[i].style;
	return STYLE_PLAIN;
}

void pane_put(struct frame *frame, unsigned int row, const char *line)
{
	enum style style = STYLE_PLAIN;
	unsigned int column = 0;
	char span[SPAN_LEN];

	while (*line) {
		const char *next = strstr(line, "\033["), *end = next ? strchr(next, 'm') : NULL;
		size_t len = end ? (size_t)(next - line) : strlen(line);

		if (len >= sizeof(span))
			len = sizeof(span) - 1;
		memcpy(span, line, len);
		span[len] = '\0';
		if (column < frame->width)
			column += frame_put(frame, row, column, frame->width - column, style, span);
		line += len;
		if (line != next || !end)
			continue;
		style = style_of(next + 2, (size_t)(end - next - 2));
		line = end + 1;
	}
}

void pane_draw(struct pane *pane, struct frame *frame, unsigned int row, unsigned int height)
{
	pane->height = height;
	pane_move(pane, 0);
	for (unsigned int i = 0; i < height && pane->top + i < pane->count; i++)
		pane_put(frame, row + i, pane->lines[pane->top + i]);
}
