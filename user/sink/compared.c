// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept of a recording while it is replayed. */
#include "sink/compared.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "model/leak.h"
#include "model/ports.h"
#include "sink/common.h"

#define LEAK_NAME_LEN 512

static char *copy(struct compared *compared, const char *text)
{
	char *own = strdup(text);

	compared->short_of_memory |= !own;
	return own;
}

static void keep_note(struct compared *compared, const struct recording_note *note)
{
	compared->note = *note;
	compared->path = copy(compared, note->path);
	snprintf(compared->host, sizeof(compared->host), "%s", note->host);
	snprintf(compared->kernel, sizeof(compared->kernel), "%s", note->kernel);
	snprintf(compared->program, sizeof(compared->program), "%s", note->program);
	filter_text(&note->filter, compared->filters);
	compared->note.path = compared->path ? compared->path : "";
	compared->note.host = compared->host;
	compared->note.kernel = compared->kernel;
	compared->note.program = compared->program;
	/* the sentence is said when it is read; here it is only known that there was one */
	compared->damaged = note->damage != NULL;
	compared->note.damage = note->damage ? "" : NULL;
	compared->note.filter.service = NULL;
}

/* What makes it the same one in the other recording: no pid, no count. */
static void name_leak(const struct verdict *verdict, char name[static LEAK_NAME_LEN])
{
	static const uint8_t several[16];
	char addr[ADDR_TEXT_LEN];
	size_t len;

	len = snprintf(name, LEAK_NAME_LEN, "%s: %s", leak_kind_name(verdict->kind),
		       verdict->service ? verdict->service : "an unknown service");
	if (verdict->local_port && len < LEAK_NAME_LEN)
		len += snprintf(name + len, LEAK_NAME_LEN - len, ", on port %u",
				verdict->local_port);
	if (verdict->remote_port && len < LEAK_NAME_LEN)
		len += snprintf(name + len, LEAK_NAME_LEN - len, ", to port %u",
				verdict->remote_port);
	if (memcmp(verdict->remote_addr, several, sizeof(several)) && len < LEAK_NAME_LEN)
		snprintf(name + len, LEAK_NAME_LEN - len, ", %s",
			 addr_format(verdict->remote_addr, addr));
}

static void keep_leaks(struct compared *compared, const struct model *model)
{
	const struct verdict *verdicts;
	size_t count = model_verdicts(model, &verdicts);
	char name[LEAK_NAME_LEN];

	compared->leaks = calloc(count + 1, sizeof(*compared->leaks));
	compared->short_of_memory |= !compared->leaks;
	for (size_t i = 0; compared->leaks && i < count; i++) {
		if (verdicts[i].level < LEVEL_SUSPECT)
			continue;
		name_leak(&verdicts[i], name);
		compared->leaks[compared->nr_leaks++] = (struct compared_leak){
			.name = copy(compared, name),
			.level = leak_level_name(verdicts[i].level),
		};
	}
}

static void keep_facts(struct compared *compared, const struct model *model)
{
	const struct netns_facts *facts;
	size_t count = model_facts(model, &facts);

	compared->facts = calloc(count + 1, sizeof(*compared->facts));
	compared->short_of_memory |= !compared->facts;
	for (size_t i = 0; compared->facts && i < count; i++)
		compared->facts[compared->nr_facts++] = (struct compared_facts){
			.name = facts[i].netns_name ? copy(compared, facts[i].netns_name) : NULL,
			.text = copy(compared, facts[i].last),
		};
}

static struct sink *compared_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	opts->compared->samples = samples_new();
	opts->compared->realtime_offset_ns = opts->realtime_offset_ns;
	return opts->compared->samples ? sink_open(ops, opts) : NULL;
}

static void compared_event(struct sink *sink, const struct model_event *event)
{
	errno = 0;
	samples_event(sink->opts.compared->samples, event);
	sink->opts.compared->short_of_memory |= errno == ENOMEM;
}

static void compared_interval(struct sink *sink, const struct model *model)
{
	errno = 0;
	samples_look(sink->opts.compared->samples, model);
	sink->opts.compared->short_of_memory |= errno == ENOMEM;
}

static void compared_end(struct sink *sink, const struct model *model)
{
	struct compared *compared = sink->opts.compared;

	/* nothing there sets it but what runs out of memory */
	errno = 0;
	samples_end(compared->samples, model);
	compared->short_of_memory |= errno == ENOMEM;
	compared->ready_ns = model_ready_ns(model);
	compared->now_ns = model_now_ns(model);
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		compared->lost += cause == TW_LOSS_OUTPUT_FULL ? 0 : model_loss(model, cause);
	if (sink->opts.nr_recordings)
		keep_note(compared, &sink->opts.recordings[0]);
	keep_leaks(compared, model);
	keep_facts(compared, model);
}

void compared_release(struct compared *compared)
{
	samples_free(compared->samples);
	free(compared->path);
	for (size_t i = 0; i < compared->nr_leaks; i++)
		free(compared->leaks[i].name);
	free(compared->leaks);
	for (size_t i = 0; i < compared->nr_facts; i++) {
		free(compared->facts[i].name);
		free(compared->facts[i].text);
	}
	free(compared->facts);
	*compared = (struct compared){ 0 };
}

const struct sink_ops compared_sink = {
	.name = "keep",
	.open = compared_open,
	.event = compared_event,
	.interval = compared_interval,
	.end = compared_end,
	.free = sink_free,
};
