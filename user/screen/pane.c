// SPDX-License-Identifier: GPL-2.0-or-later
/* Text to scroll in. */
#include "screen/pane.h"

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

/* As many lines as there could be. */
static size_t count_breaks(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n' || *text == ' ';
	return lines + 1;
}

/* The last blank that @width columns of it have room for, if it needs more than these. */
static char *last_blank(char *line, unsigned int width)
{
	unsigned int column = 0;
	char *blank = NULL;
	uint32_t rune;

	line += strspn(line, " ");
	while (*line && column <= width) {
		if (line[0] == '\033' && strchr(line, 'm')) {
			line = strchr(line, 'm') + 1;
			continue;
		}
		if (*line == ' ')
			blank = line;
		line += text_rune(line, &rune);
		column += rune_width(rune);
	}
	return column > width ? blank : NULL;
}

static void add_line(struct pane *pane, char *line, unsigned int width)
{
	unsigned int indent = strspn(line, " ");
	char *blank;

	while (width > indent && (blank = last_blank(line, width - indent))) {
		pane->lines[pane->count++] = line;
		*blank = '\0';
		line = blank + 1;
		indent = 0;
	}
	pane->lines[pane->count++] = line;
}

void pane_set(struct pane *pane, char *text, unsigned int width)
{
	const char **lines = text ? calloc(count_breaks(text), sizeof(*lines)) : NULL;
	size_t top = pane->top;
	char *rest = text;

	pane_release(pane);
	if (!lines) {
		free(text);
		return;
	}
	*pane = (struct pane){ .text = text, .lines = lines, .top = top };
	while (rest && *rest)
		add_line(pane, strsep(&rest, "\n"), width);
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
