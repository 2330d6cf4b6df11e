/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header, the figures and the escaping of flames that are drawn. */
#include "sink/flame_words.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"

const char *flame_weight_label(enum flame_weight weight)
{
	static const char *const labels[NR_FLAME_WEIGHTS] = {
		[WEIGHT_CONNECTIONS] = "connections",
		[WEIGHT_OPEN] = "open connections",
		[WEIGHT_TIME_WAIT] = "sockets in TIME_WAIT",
		[WEIGHT_SECONDS] = "connection time",
		/* FIN_WAIT2 without a process is in it, too */
		[WEIGHT_TIME_WAIT_SECONDS] = "time that TIME_WAIT held ports",
		[WEIGHT_FAILURES] = "failed calls",
	};

	return labels[weight];
}

bool flame_weight_used(const struct flame *flame, enum flame_weight weight)
{
	const struct flame_node *root = &flame->nodes[FLAME_ROOT];

	return root->total[FLAME_NOW][weight] || root->total[FLAME_BASE][weight];
}

const char *flame_share_text(uint64_t part, uint64_t whole, char text[static FLAME_SHARE_LEN])
{
	double share = whole ? 100.0 * (double)part / (double)whole : 0;
	double tenths = floor(share * 10 + 0.5); /* as a browser rounds, which printf() does not */

	if (!whole)
		snprintf(text, FLAME_SHARE_LEN, "-");
	else if (part && tenths < 1)
		snprintf(text, FLAME_SHARE_LEN, "under 0.1 %%");
	else
		snprintf(text, FLAME_SHARE_LEN, "%.*f %%", tenths < 1000,
			 tenths < 1000 ? tenths / 10 : floor(share + 0.5));
	return text;
}

static void write_alone(const struct flame *flame, uint32_t id, enum flame_weight weight, FILE *out)
{
	const struct flame_node *node = &flame->nodes[id];
	uint64_t value = node->total[FLAME_NOW][weight];
	char text[TEXT_LEN], share[FLAME_SHARE_LEN];

	fputs(flame_value_text(weight, value, text), out);
	if (id == FLAME_ROOT)
		return;
	flame_share_text(value, flame->nodes[FLAME_ROOT].total[FLAME_NOW][weight], share);
	fprintf(out, " (%s of all", share);
	flame_share_text(value, flame->nodes[node->parent].total[FLAME_NOW][weight], share);
	fprintf(out, ", %s of its parent)", share);
}

static void write_change(enum flame_weight weight, uint64_t now, uint64_t base, FILE *out)
{
	uint64_t difference = now > base ? now - base : base - now;
	const char *sign = now > base ? "+" : now < base ? "-" : "";
	char text[TEXT_LEN], share[FLAME_SHARE_LEN];

	fprintf(out, ", difference %s%s", sign, flame_value_text(weight, difference, text));
	if (base && difference)
		fprintf(out, " (%s%s)", sign, flame_share_text(difference, base, share));
	else if (now && !base)
		fputs(" (new)", out);
}

static void write_compared(const struct flame *flame, uint32_t id, enum flame_weight weight,
			   FILE *out)
{
	const struct flame_node *root = &flame->nodes[FLAME_ROOT];
	uint64_t now = flame->nodes[id].total[FLAME_NOW][weight];
	uint64_t base = flame_base(flame, id, weight);
	char text[TEXT_LEN], share[FLAME_SHARE_LEN];

	fprintf(out, "now %s", flame_value_text(weight, now, text));
	if (id != FLAME_ROOT) {
		flame_share_text(now, root->total[FLAME_NOW][weight], share);
		fprintf(out, " (%s of all)", share);
	}
	fprintf(out, ", base %s", flame_value_text(weight, base, text));
	if (id != FLAME_ROOT) {
		flame_share_text(base, flame_base(flame, FLAME_ROOT, weight), share);
		fprintf(out, " (%s of all)", share);
	}
	write_change(weight, now, base, out);
}

void flame_figures_write(const struct flame *flame, uint32_t node, enum flame_weight weight,
			 FILE *out)
{
	if (flame->head.base_name)
		write_compared(flame, node, weight, out);
	else
		write_alone(flame, node, weight, out);
}

/* ----------------------------------------------------------------------------- header */

typedef void (*compose_fn)(const struct flame *flame, FILE *out);

/* What @compose writes, as a string; NULL, and @ret is set: no memory. */
static char *composed(const struct flame *flame, compose_fn compose, int *ret)
{
	char *text = NULL;
	size_t len;
	FILE *out = stream_memory(&text, &len);
	bool fine = out != NULL;

	if (out) {
		compose(flame, out);
		fine = !fflush(out) && !ferror(out);
		fclose(out);
	}
	if (fine)
		return text;
	*ret = -ENOMEM;
	free(text);
	return NULL;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static void compose_title(const struct flame *flame, FILE *out)
{
	const struct flame_head *head = &flame->head;
	const char *label = flame_weight_label(head->weight);

	fprintf(out, "%c%s ", toupper((unsigned char)label[0]), label + 1);
	if (head->host)
		fprintf(out, "on %s", head->host);
	else
		fputs("on several hosts", out);
	if (head->base_name)
		fprintf(out, ", compared with %s", file_name(head->base_name));
}

static void compose_by(const struct flame *flame, FILE *out)
{
	const struct flame_head *head = &flame->head;
	const struct flame_node *root = &flame->nodes[FLAME_ROOT];
	char text[TEXT_LEN];

	fputs(flame_value_text(head->weight, root->total[FLAME_NOW][head->weight], text), out);
	if (!flame_weight_is_time(head->weight))
		fprintf(out, " %s", flame_weight_label(head->weight));
	if (head->base_name)	/* as it was: scaled it is the same as now */
		fprintf(out, " now, %s in the base",
			flame_value_text(head->weight, root->total[FLAME_BASE][head->weight],
					 text));
	else
		fputs(" in all", out);
	for (unsigned int i = 0; i < head->shown && i < head->by.count; i++) {
		const char *name = flame_frame_name(head->by.frames[i]);

		fputs(i ? ", " : ", by ", out);
		for (; *name; name++)
			fputc(*name == '_' ? ' ' : *name, out);
	}
}

/* Milliseconds say enough where people read. */
static void write_time(uint64_t realtime_ns, FILE *out)
{
	char text[TIME_TEXT_LEN];
	const char *point = strchr(text_time(realtime_ns, text), '.');

	fprintf(out, "%.*sZ", (int)(point ? point + 4 - text : 0), text);
}

static uint64_t window_ns(const struct flame_head *head, enum flame_side side)
{
	uint64_t from = head->from_ns[side], to = head->to_ns[side];

	return to > from ? to - from : 0;
}

static void write_window(const struct flame_head *head, enum flame_side side, FILE *out)
{
	char text[TEXT_LEN];

	write_time(head->from_ns[side], out);
	fputs(" to ", out);
	write_time(head->to_ns[side], out);
	fprintf(out, " (%s)", text_duration(window_ns(head, side), text));
}

static void compose_window(const struct flame *flame, FILE *out)
{
	if (flame->head.base_name)
		fputs("Now: ", out);
	write_window(&flame->head, FLAME_NOW, out);
}

static void compose_base(const struct flame *flame, FILE *out)
{
	fprintf(out, "Base: %s, ", flame->head.base_name);
	write_window(&flame->head, FLAME_BASE, out);
	if (flame->head.normalized)
		fputs("; normalized: its figures are scaled to the total of now", out);
}

/* Whether more or less of everything may just be more or less time. */
static bool lengths_differ(const struct flame_head *head)
{
	uint64_t now = window_ns(head, FLAME_NOW), base = window_ns(head, FLAME_BASE);
	uint64_t longer = now > base ? now : base;

	return head->base_name && !head->normalized && longer - (now + base - longer) > longer / 10;
}

static void compose_hint(const struct flame *flame, FILE *out)
{
	const struct flame_head *head = &flame->head;
	char now[TEXT_LEN], base[TEXT_LEN];

	fprintf(out, "The lengths of the two differ (%s and %s): --normalize compares shares",
		text_duration(window_ns(head, FLAME_NOW), now),
		text_duration(window_ns(head, FLAME_BASE), base));
}

int flame_words_init(struct flame_words *words, const struct flame *flame)
{
	int ret = 0;

	*words = (struct flame_words){
		.title = composed(flame, compose_title, &ret),
		.by = composed(flame, compose_by, &ret),
		.window = composed(flame, compose_window, &ret),
	};
	if (flame->head.base_name)
		words->base = composed(flame, compose_base, &ret);
	if (lengths_differ(&flame->head))
		words->hint = composed(flame, compose_hint, &ret);
	return ret;
}

void flame_words_release(struct flame_words *words)
{
	free(words->title);
	free(words->by);
	free(words->window);
	free(words->base);
	free(words->hint);
}

/* ----------------------------------------------------------------------------- markup */

static void write_rune(uint32_t rune, FILE *out)
{
	static const char *const escapes[128] = {
		['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;", ['\''] = "&#39;",
	};
	const char *escape = rune < 128 ? escapes[rune] : NULL;
	char text[RUNE_LEN];

	/* none of XML's characters (XML 1.0, 2.2) */
	if ((rune < 0x20 && rune != '\n' && rune != '\t') || rune == 0xfffe || rune == 0xffff)
		rune = 0xfffd;
	rune_format(rune, text);
	fputs(escape ? escape : text, out);
}

void markup_text(const char *text, FILE *out)
{
	uint32_t rune;

	while (*text) {
		text += text_rune(text, &rune);
		write_rune(rune, out);
	}
}

void markup_text_cut(const char *text, size_t columns, FILE *out)
{
	uint32_t rune;

	if (text_width(text) <= columns) {
		markup_text(text, out);
		return;
	}
	for (size_t used = 1; *text;) {
		text += text_rune(text, &rune);
		used += rune_width(rune);
		if (used > columns)
			break;
		write_rune(rune, out);
	}
	fputs("\xe2\x80\xa6", out);
}
