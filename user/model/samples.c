// SPDX-License-Identifier: GPL-2.0-or-later
/* A model's figures over time. */
#include "model/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "model/ports.h"

/* Where an unknown service's counts go. */
#define UNKNOWN_SERVICE "-"

struct samples *samples_new(void)
{
	struct samples *samples = calloc(1, sizeof(*samples));

	if (samples)
		samples->length_ns = SAMPLE_NS;
	return samples;
}

void sample_release(struct sample *sample)
{
	for (unsigned int i = 0; i < NR_SAMPLE_TIMES; i++)
		histogram_release(&sample->times[i]);
	*sample = (struct sample){ .budget_peak = NAN };
}

void samples_free(struct samples *samples)
{
	if (!samples)
		return;
	for (uint32_t i = 0; i <= SAMPLES_MOST; i++)
		sample_release(&samples->items[i]);
	for (uint32_t i = 0; i < samples->nr_services; i++) {
		free(samples->services[i]->name);
		free(samples->services[i]);
	}
	histogram_release(&samples->lifetime);
	free(samples);
}

static void count_error(struct samples *samples, struct sample *sample, int error)
{
	for (unsigned int i = 0; error && i < SAMPLE_ERRORS; i++) {
		if (!samples->errors[i])
			samples->errors[i] = error;
		if (samples->errors[i] == error) {
			sample->errors[i]++;
			return;
		}
	}
}

void samples_event(struct samples *samples, const struct model_event *event)
{
	struct sample *sample = &samples->items[samples->count];

	if (!samples->from_ns)
		return;
	if (event->kind == EVENT_TRANSITION && event->from == TW_SYN_SENT &&
	    event->to == TW_ESTABLISHED && event->in_state_ns != TIME_UNKNOWN)
		histogram_add(&sample->times[SAMPLE_CONNECT], event->in_state_ns);
	if (event->kind == EVENT_TIME_WAIT_EXIT && event->residence_ns != TIME_UNKNOWN)
		histogram_add(&sample->times[SAMPLE_RESIDENCE], event->residence_ns);
	if (event->kind == EVENT_CONNECT_FAILED)
		count_error(samples, sample, event->error);
}

static void add_counts(struct sample_counts *to, const struct sample_counts *from)
{
	for (unsigned int field = 0; field < NR_FIELDS; field++)
		to->of[field] += from->of[field];
}

/* What has happened since @before, which becomes what is there now. */
static void add_look(struct sample_counts *to, struct sample_counts *before, const struct row *row)
{
	for (unsigned int field = 0; field < NR_FIELDS; field++) {
		uint64_t now = row->count[field];

		if (field_is_gauge(field))
			to->of[field] += now;
		/* a counter steps back when a filter turns a connection down late */
		else if (now > before->of[field])
			to->of[field] += now - before->of[field];
		before->of[field] = now;
	}
}

/* NAN: no memory for an answer, or nobody knows how many ports there are. */
static double worst_budget(const struct model *model)
{
	const struct budget *budgets;
	int saved = errno;
	size_t count = model_budgets(model, &budgets);
	double worst = NAN;

	/* it begins anew there: what ran out of memory before is not to be forgotten */
	if (errno != ENOMEM)
		errno = saved;
	for (size_t i = 0; i < count; i++)
		if (budgets[i].capacity)
			worst = fmax(worst, (double)budgets[i].used / budgets[i].capacity);
	return worst;
}

static struct service_samples *get_service(struct samples *samples, const char *name)
{
	struct service_samples *service;

	service = (struct service_samples *)samples_service(samples, name);
	if (service || samples->nr_services == SAMPLE_SERVICES)
		return service;
	service = calloc(1, sizeof(*service));
	if (!service)
		return NULL;
	service->name = strdup(name);
	if (!service->name) {
		free(service);
		return NULL;
	}
	samples->services[samples->nr_services++] = service;
	return service;
}

static void look_at_services(struct samples *samples, const struct model *model, bool first)
{
	const struct rows *rows = model_rows(model, DIM_SERVICE);
	uint32_t id = ROW_OTHER;

	samples->services_left_out = 0;
	while ((id = pool_next(&rows->pool, id + 1)) != POOL_NONE) {
		const struct row *row = rows_at(rows, id);
		const char *name = model_service_name(model, row->key.service);
		struct service_samples *service;
		struct sample_counts unused = { { 0 } };

		service = get_service(samples, name ? name : UNKNOWN_SERVICE);
		if (!service)
			samples->services_left_out++;
		else if (first)
			add_look(&unused, &service->before, row);
		else
			add_look(&service->now[samples->count], &service->before, row);
	}
}

static void merge_samples(struct sample *to, const struct sample *from)
{
	to->ns += from->ns;
	to->looks += from->looks;
	add_counts(&to->counts, &from->counts);
	if (from->time_wait_peak > to->time_wait_peak)
		to->time_wait_peak = from->time_wait_peak;
	to->budget_peak = fmax(to->budget_peak, from->budget_peak);
	for (unsigned int i = 0; i < SAMPLE_ERRORS; i++)
		to->errors[i] += from->errors[i];
	for (unsigned int i = 0; i < NR_SAMPLE_TIMES; i++)
		histogram_merge(&to->times[i], &from->times[i]);
}

/* Each two become one. */
static void halve(struct samples *samples)
{
	uint32_t half = samples->count / 2;

	for (uint32_t i = 0; i < half; i++) {
		struct sample pair = { .budget_peak = NAN };

		merge_samples(&pair, &samples->items[2 * i]);
		merge_samples(&pair, &samples->items[2 * i + 1]);
		sample_release(&samples->items[2 * i]);
		sample_release(&samples->items[2 * i + 1]);
		samples->items[i] = pair;
	}
	for (uint32_t i = 0; i < samples->nr_services; i++) {
		struct sample_counts *now = samples->services[i]->now;

		for (uint32_t j = 0; j < half; j++) {
			struct sample_counts pair = now[2 * j];

			add_counts(&pair, &now[2 * j + 1]);
			now[j] = pair;
		}
		memset(now + half, 0, half * sizeof(*now));
	}
	samples->count = half;
	samples->length_ns *= 2;
}

static void begin_sample(struct samples *samples, const struct model *model)
{
	struct sample *sample = &samples->items[samples->count];

	*sample = (struct sample){ .budget_peak = NAN };
	samples->from_ns = samples->looked_ns;
	histogram_release(&samples->lifetime);
	samples->lifetime = (struct histogram){ 0 };
	histogram_merge(&samples->lifetime, &model_totals(model)->lifetime);
}

static void end_sample(struct samples *samples, const struct model *model)
{
	struct sample *sample = &samples->items[samples->count];

	histogram_add_since(&sample->times[SAMPLE_LIFETIME], &model_totals(model)->lifetime,
			    &samples->lifetime);
	sample->budget_peak = worst_budget(model);
	samples->count++;
	if (samples->count == SAMPLES_MOST)
		halve(samples);
	begin_sample(samples, model);
}

void samples_look(struct samples *samples, const struct model *model)
{
	const struct row *totals = model_totals(model);
	struct sample *sample = &samples->items[samples->count];
	bool first = !samples->from_ns;
	struct sample_counts unused = { { 0 } };
	uint64_t minisocks;

	look_at_services(samples, model, first);
	samples->looked_ns = model_now_ns(model);
	if (first) {
		add_look(&unused, &samples->before, totals);
		begin_sample(samples, model);
		return;
	}
	add_look(&sample->counts, &samples->before, totals);
	minisocks = totals->count[FIELD_TIME_WAIT] + totals->count[FIELD_FW2_ORPHANS];
	if (minisocks > sample->time_wait_peak)
		sample->time_wait_peak = minisocks;
	sample->looks++;
	sample->ns = samples->looked_ns - samples->from_ns;
	if (sample->ns >= samples->length_ns)
		end_sample(samples, model);
}

void samples_end(struct samples *samples, const struct model *model)
{
	if (model_ready_ns(model) && model_now_ns(model) > samples->looked_ns)
		samples_look(samples, model);
	if (!samples->count && samples->items[0].ns)
		end_sample(samples, model);
}

void samples_sum(const struct samples *samples, const struct service_samples *service,
		 uint32_t first, uint32_t end, struct sample *sum)
{
	*sum = (struct sample){ .budget_peak = NAN };
	for (uint32_t i = first; i < end; i++) {
		if (!service) {
			merge_samples(sum, &samples->items[i]);
			continue;
		}
		sum->ns += samples->items[i].ns;
		sum->looks += samples->items[i].looks;
		add_counts(&sum->counts, &service->now[i]);
	}
}

const struct service_samples *samples_service(const struct samples *samples, const char *name)
{
	for (uint32_t i = 0; i < samples->nr_services; i++)
		if (!strcmp(samples->services[i]->name, name))
			return samples->services[i];
	return NULL;
}
