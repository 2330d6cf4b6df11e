// SPDX-License-Identifier: GPL-2.0-or-later
/* The recordings that a document is made of. */
#include "sink/recordings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "sink/common.h"
#include "sink/json_part.h"

#define IPV4_BITS 96

static void append(char text[static FILTER_TEXT_LEN], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void append(char text[static FILTER_TEXT_LEN], const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, FILTER_TEXT_LEN - len, format, args);
	va_end(args);
}

static void append_ports(char text[static FILTER_TEXT_LEN], const char *option,
			 const struct tw_port_range *ranges, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		append(text, "%s%u", i ? "," : option, ranges[i].low);
		if (ranges[i].high != ranges[i].low)
			append(text, "-%u", ranges[i].high);
	}
}

static void append_remote(char text[static FILTER_TEXT_LEN], const struct tw_cidr *cidr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_v4 = cidr->bits >= IPV4_BITS && !memcmp(cidr->addr, mapped, sizeof(mapped));
	char addr[ADDR_TEXT_LEN];

	append(text, " --remote %s/%" PRIu32, addr_format(cidr->addr, addr),
	       cidr->bits - (is_v4 ? IPV4_BITS : 0));
}

const char *filter_text(const struct filter *filter, char text[static FILTER_TEXT_LEN])
{
	const struct tw_filter *kernel = &filter->kernel;
	char service[128];

	text[0] = '\0';
	append_ports(text, " --port ", kernel->ports, kernel->nr_ports);
	append_ports(text, " --local-port ", kernel->local_ports, kernel->nr_local_ports);
	for (uint32_t i = 0; i < kernel->nr_remotes; i++)
		append_remote(text, &kernel->remotes[i]);
	if (filter->service)
		append(text, " --service '%s'",
		       text_clean(filter->service, strlen(filter->service), service,
				  sizeof(service)));
	if (filter->pid)
		append(text, " --pid %" PRIu32, filter->pid);
	if (kernel->netns_ino)
		append(text, " --netns %" PRIu32, kernel->netns_ino);
	if (kernel->family)
		append(text, " --family %" PRIu32, kernel->family);
	if (!text[0])
		append(text, " none");
	/* each option has a blank in front */
	return memmove(text, text + 1, strlen(text));
}

static void print_times(const struct sink_opts *opts, const struct recording_note *note)
{
	char from[TIME_TEXT_LEN], to[TIME_TEXT_LEN], lasted[TEXT_LEN];

	if (!note->from_ns) {
		fputs("  without any record\n", opts->out);
		return;
	}
	fprintf(opts->out, "  from %.19sZ to %.19sZ (%s)\n",
		text_time(sink_realtime(opts, note->from_ns), from),
		text_time(sink_realtime(opts, note->to_ns), to),
		text_duration(note->to_ns - note->from_ns, lasted));
}

static const char *clean_path(const struct recording_note *note, char text[static 512])
{
	return text_clean(note->path, strlen(note->path), text, 512);
}

/* Not if it was cut, had no room for all that was open when it began, or says what is not known. */
static bool is_complete(const struct recording_note *note)
{
	return !note->damage && !note->left_out && !note->unknown;
}

static void print_note(const struct sink_opts *opts, const struct recording_note *note)
{
	char number[TEXT_LEN], filters[FILTER_TEXT_LEN], path[512];

	fprintf(opts->out, "%s: host %s, Linux %s, recorded by twtrace %s\n",
		clean_path(note, path), note->host[0] ? note->host : "unknown",
		note->kernel[0] ? note->kernel : "unknown",
		note->program[0] ? note->program : "(version unknown)");
	print_times(opts, note);
	fprintf(opts->out, "  %s records, %s; evidence: %s; filters: %s\n",
		text_count(note->records, number), is_complete(note) ? "complete" : "not complete",
		evidence_name(note->evidence), filter_text(&note->filter, filters));
}

void recordings_print(const struct sink_opts *opts)
{
	for (uint32_t i = 0; i < opts->nr_recordings; i++)
		print_note(opts, &opts->recordings[i]);
}

static void add_unless_empty(struct json *json, const char *key, const char *text)
{
	json_add_text(json, key, text[0] ? text : NULL);
}

struct json *recording_json(const struct recording_note *note, const struct sink_opts *opts)
{
	char filters[FILTER_TEXT_LEN], path[512];
	struct json *json = json_object();
	bool filtered = !filter_is_empty(&note->filter);

	json_add_text(json, "file", clean_path(note, path));
	add_unless_empty(json, "host", note->host);
	add_unless_empty(json, "kernel", note->kernel);
	add_unless_empty(json, "program", note->program);
	json_add_time(json, "from", opts, note->from_ns);
	json_add_time(json, "to", opts, note->to_ns);
	json_add_text(json, "evidence", evidence_name(note->evidence));
	json_add_text(json, "filters", filtered ? filter_text(&note->filter, filters) : NULL);
	json_add_u64(json, "records", note->records);
	json_add_bool(json, "complete", is_complete(note));
	return json;
}

struct json *recordings_json(const struct sink_opts *opts)
{
	struct json *array = json_array();

	for (uint32_t i = 0; i < opts->nr_recordings; i++)
		json_add(array, NULL, recording_json(&opts->recordings[i], opts));
	return array;
}
