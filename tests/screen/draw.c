// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * draw [-a] [-s] [-r FROM=TO]... RECORDING WIDTHxHEIGHT [KEYS]: the frame that the full-screen
 * view makes of a recording after these keys, on standard output. -a: as in the C locale; -s:
 * with styles; -r: processes of that name have another one.
 *
 * KEYS are characters, and in angle brackets what is none: <Enter>, <Click 3 7>; also <to 2.5>:
 * the recording goes on up to that second, and <size 60 15>. Without <to> all of it comes first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/frame.h"
#include "base/text.h"
#include "base/wrap.h"
#include "model/leak.h"
#include "model/model.h"
#include "screen/view.h"
#include "source/recording.h"

#define SECOND_NS 1000000000ULL
#define MOST_NAMES 4

struct renaming {
	char from[TW_COMM_LEN], to[TW_COMM_LEN];	/* padded with zeroes */
};

struct drawing {
	struct recording *recording;
	const struct tw_record *next;	/* NULL: at its end */
	struct model *model;
	struct view *view;
	struct frame frame;
	struct view_now now;
	unsigned int width, height;
	bool ascii;
	uint64_t interval_ends_ns;
	struct renaming renamings[MOST_NAMES];
	unsigned int nr_renamings;
	_Alignas(8) char renamed[65536];
};

static const struct {
	const char *name;
	uint32_t key;
} names[] = {
	{ "Tab", KEY_TAB },	      { "BackTab", KEY_BACK_TAB },
	{ "Enter", KEY_RETURN },      { "Esc", KEY_ESCAPE },
	{ "Backspace", KEY_ERASE },   { "Up", KEY_ARROW_UP },
	{ "Down", KEY_ARROW_DOWN },   { "Left", KEY_ARROW_LEFT },
	{ "Right", KEY_ARROW_RIGHT }, { "PgUp", KEY_PAGE_UP },
	{ "PgDn", KEY_PAGE_DOWN },    { "Home", KEY_TO_START },
	{ "End", KEY_TO_END },	      { "F1", KEY_F1 },
	{ "Click", KEY_CLICK },	      { "DoubleClick", KEY_DOUBLE_CLICK },
	{ "WheelUp", KEY_WHEEL_UP },  { "WheelDown", KEY_WHEEL_DOWN },
};

__attribute__((noreturn)) static void die(const char *what, const char *which)
{
	fprintf(stderr, "draw: %s '%s'\n", what, which);
	exit(2);
}

static void on_event(void *ctx, const struct model_event *event)
{
	view_event(((struct drawing *)ctx)->view, event);
}

static void draw(struct drawing *drawing)
{
	frame_release(&drawing->frame);
	if (frame_init(&drawing->frame, drawing->width, drawing->height, drawing->ascii))
		die("no memory for", "a frame");
	drawing->now.wall_ns += SECOND_NS;
	drawing->now.self.cpu_ns += SECOND_NS / 80;
	view_draw(drawing->view, drawing->model, &drawing->now, &drawing->frame);
}

/* An interval a second, from ready on, each with a frame. */
static void pass_time(struct drawing *drawing, uint64_t now_ns)
{
	if (!model_ready_ns(drawing->model))
		return;
	if (!drawing->interval_ends_ns)
		drawing->interval_ends_ns = model_ready_ns(drawing->model) + SECOND_NS;
	for (; now_ns >= drawing->interval_ends_ns; drawing->interval_ends_ns += SECOND_NS) {
		draw(drawing);
		model_mark_interval(drawing->model, model_now_ns(drawing->model));
	}
}

/* Wherever it stands in the record, whatever kind that is. */
static const struct tw_record *rename_in(struct drawing *drawing, const struct tw_record *record)
{
	memcpy(drawing->renamed, record, record->size);
	for (unsigned int i = 0; i < drawing->nr_renamings; i++) {
		const struct renaming *renaming = &drawing->renamings[i];
		char *at = drawing->renamed, *end = at + record->size;

		while ((at = memmem(at, (size_t)(end - at), renaming->from, TW_COMM_LEN)))
			memcpy(at, renaming->to, TW_COMM_LEN);
	}
	return (const struct tw_record *)drawing->renamed;
}

static void feed(struct drawing *drawing, uint64_t until_ns)
{
	while (drawing->next && drawing->next->ts_ns <= until_ns) {
		pass_time(drawing, drawing->next->ts_ns);
		model_feed(drawing->model, rename_in(drawing, drawing->next), drawing->next->size,
			   0);
		drawing->next = recording_next(drawing->recording);
	}
	model_judge(drawing->model);
	draw(drawing);
}

/* Its moments are known before it is shown, as those of a file are to a replay. */
static void look_through(struct drawing *drawing, const char *path)
{
	struct error err = { 0 };
	const struct tw_record *record;

	drawing->recording = recording_open(path, &err);
	if (!drawing->recording)
		die(err.text, path);
	while ((record = recording_next(drawing->recording))) {
		if (!drawing->now.from_ns)
			drawing->now.from_ns = record->ts_ns;
		drawing->now.to_ns = record->ts_ns;
	}
	recording_free(drawing->recording);
	drawing->recording = recording_open(path, &err);
	drawing->next = recording_next(drawing->recording);
}

static void press(struct drawing *drawing, const struct key_press *key)
{
	static const char *const wishes[] = {
		[WISH_QUIT] = "quit",	  [WISH_PAUSE] = "pause", [WISH_FASTER] = "faster",
		[WISH_SLOWER] = "slower", [WISH_SEEK] = "seek",
	};
	enum wish wish = view_key(drawing->view, drawing->model, key);

	if (wish == WISH_SEEK)
		printf("(seek by %+.0f s)\n", (double)view_seek_by_ns(drawing->view) / SECOND_NS);
	else if (wish > WISH_DRAW)
		printf("(%s)\n", wishes[wish]);
	draw(drawing);
}

/* What stands between angle brackets. */
static void press_named(struct drawing *drawing, const char *word)
{
	struct key_press key = { 0 };
	char name[32];
	double seconds;

	if (sscanf(word, "to %lf", &seconds) == 1) {
		feed(drawing, drawing->now.from_ns + (uint64_t)(seconds * SECOND_NS));
		return;
	}
	if (sscanf(word, "size %u %u", &drawing->width, &drawing->height) == 2) {
		key.key = KEY_RESIZED;
		press(drawing, &key);
		return;
	}
	if (sscanf(word, "%31s %hu %hu", name, &key.row, &key.column) < 1)
		die("no key is called", word);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			key.key = names[i].key;
	if (!key.key)
		die("no key is called", word);
	press(drawing, &key);
}

static void play(struct drawing *drawing, const char *keys)
{
	while (*keys) {
		struct key_press key = { 0 };
		const char *end = *keys == '<' ? strchr(keys, '>') : NULL;
		char word[64];

		/* "<" alone is a key, too */
		if (end && end - keys > 1) {
			snprintf(word, sizeof(word), "%.*s", (int)(end - keys - 1), keys + 1);
			press_named(drawing, word);
			keys = end + 1;
			continue;
		}
		keys += text_rune(keys, &key.key);
		press(drawing, &key);
	}
}

static void release(struct drawing *drawing)
{
	view_free(drawing->view);
	model_free(drawing->model);
	recording_free(drawing->recording);
	frame_release(&drawing->frame);
}

/* In the place of the doctor's, whose words other tests compare. */
static void print_findings(const struct model *model, const struct sink_opts *opts)
{
	(void)model;
	for (unsigned int i = 1; i <= 12; i++) {
		fprintf(opts->out, "\033[1;31mPROBLEM  \033[0m");
		print_wrapped(opts->out, opts->width, 9,
			      "What is wrong is said in a sentence that is broken where the screen "
			      "ends, and then what to do.");
		fprintf(opts->out,
			"         \033[1m$ command --that is=longer than \033[0mthe screen is "
			"wide, as it is meant to be copied %u\n",
			i);
	}
}

static const struct part findings = { .print = print_findings };

static void open_all(struct drawing *drawing, const char *path)
{
	const struct tw_recording_head *head;
	struct sink_opts opts = { .replay = true };

	look_through(drawing, path);
	head = recording_head(drawing->recording);
	opts.host = head->host;
	opts.realtime_offset_ns = (int64_t)(head->realtime_ns - head->monotonic_ns);
	drawing->model = model_new(
		&(struct model_opts){ .leaks = true, .ports = true, .history = HISTORY_ALL });
	drawing->view =
		view_new(&(struct view_opts){ .opts = &opts, .doctor = &findings, .replay = true });
	if (!drawing->model || !drawing->view)
		die("no memory for", path);
	model_set_host(drawing->model, 0, head->host);
	model_subscribe(drawing->model, on_event, drawing);
	drawing->now.speed = 1;
	drawing->now.self.resident_bytes = 24 << 20;
}

static void add_renaming(struct drawing *drawing, const char *text)
{
	struct renaming *renaming = &drawing->renamings[drawing->nr_renamings++];
	const char *to = strchr(text, '=');

	if (drawing->nr_renamings == MOST_NAMES || !to || to - text >= TW_COMM_LEN)
		die("no names are", text);
	memcpy(renaming->from, text, (size_t)(to - text));
	strncpy(renaming->to, to + 1, TW_COMM_LEN - 1);
}

int main(int argc, char **argv)
{
	struct drawing drawing = { 0 };
	const char *keys;
	bool styles = false;
	int option;

	while ((option = getopt(argc, argv, "asr:")) != -1) {
		drawing.ascii |= option == 'a';
		styles |= option == 's';
		if (option == 'r')
			add_renaming(&drawing, optarg);
	}
	if (argc - optind < 2 ||
	    sscanf(argv[optind + 1], "%ux%u", &drawing.width, &drawing.height) != 2) {
		fprintf(stderr,
			"Usage: draw [-a] [-s] [-r FROM=TO] RECORDING WIDTHxHEIGHT [KEYS]\n");
		return 2;
	}
	keys = argc - optind > 2 ? argv[optind + 2] : "";
	open_all(&drawing, argv[optind]);
	if (!strstr(keys, "<to "))
		feed(&drawing, UINT64_MAX);
	play(&drawing, keys);
	frame_write(&drawing.frame, stdout, styles);
	release(&drawing);
	return fflush(stdout) || ferror(stdout);
}
