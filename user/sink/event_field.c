/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of an event as machines read them. */
#include "sink/event_field.h"

#include "base/text.h"
#include "sink/common.h"
#include "sink/conn_field.h"

#define KIND(kind) (1U << (kind))
#define MINISOCK_KINDS (KIND(EVENT_TIME_WAIT_ENTER) | KIND(EVENT_TIME_WAIT_EXIT))

struct event_field {
	const char *name;
	uint32_t kinds;		/* that have it */
	void (*get)(const struct model_event *event, struct value *value);
};

static void get_from(const struct model_event *event, struct value *value)
{
	value_text(value, state_name(event->from));
}

static void get_to(const struct model_event *event, struct value *value)
{
	value_text(value, state_name(event->to));
}

static void get_in_state_us(const struct model_event *event, struct value *value)
{
	if (event->in_state_ns != TIME_UNKNOWN)
		value_count(value, event->in_state_ns / 1000);
}

static void get_error(const struct model_event *event, struct value *value)
{
	value_text(value, text_errno(event->error));
}

static void get_reset(const struct model_event *event, struct value *value)
{
	value_text(value, reset_name(event->reset));
}

static void get_substate(const struct model_event *event, struct value *value)
{
	value_text(value, state_name(event->substate));
}

static void get_reason(const struct model_event *event, struct value *value)
{
	value_text(value, event->kind == EVENT_RESET_SENT ? reset_reason_name(event->reset_reason) :
							    end_reason_name(event->reason));
}

static void get_residence_ms(const struct model_event *event, struct value *value)
{
	if (event->residence_ns != TIME_UNKNOWN)
		value_decimal(value, ns_to_ms(event->residence_ns));
}

static void get_evidence(const struct model_event *event, struct value *value)
{
	value_text(value, evidence_name(event->evidence));
}

static void get_cause(const struct model_event *event, struct value *value)
{
	value_text(value, loss_cause_name(event->cause));
}

static void get_count(const struct model_event *event, struct value *value)
{
	value_count(value, event->count);
}

static void get_call(const struct model_event *event, struct value *value)
{
	value_text(value, event->listening ? "listen" : "bind");
}

static void get_reuse_addr(const struct model_event *event, struct value *value)
{
	value_reuse(value, event->reuse);
}

static const struct event_field event_fields[] = {
	{ "from", KIND(EVENT_TRANSITION) | KIND(EVENT_TIME_WAIT_SUBSTATE), get_from },
	{ "to", KIND(EVENT_TRANSITION) | KIND(EVENT_TIME_WAIT_SUBSTATE), get_to },
	{ "in_state_us", KIND(EVENT_TRANSITION), get_in_state_us },
	{ "error", KIND(EVENT_TRANSITION) | KIND(EVENT_CONNECT_FAILED) | KIND(EVENT_BIND_FAILED),
	  get_error },
	{ "reset", KIND(EVENT_TRANSITION), get_reset },
	{ "substate", MINISOCK_KINDS, get_substate },
	{ "reason", KIND(EVENT_TIME_WAIT_EXIT) | KIND(EVENT_RESET_SENT), get_reason },
	{ "residence_ms", KIND(EVENT_TIME_WAIT_EXIT), get_residence_ms },
	{ "evidence",
	  MINISOCK_KINDS | KIND(EVENT_TIME_WAIT_SUBSTATE) | KIND(EVENT_TIME_WAIT_REFUSED),
	  get_evidence },
	{ "cause", KIND(EVENT_LOSS), get_cause },
	{ "count", KIND(EVENT_LOSS) | KIND(EVENT_TIME_WAIT_REFUSED), get_count },
	{ "call", KIND(EVENT_BIND_FAILED), get_call },
	{ "reuse_addr", KIND(EVENT_BIND_FAILED), get_reuse_addr },
};

static void each_own_field(const struct model_event *event, event_field_fn fn, void *ctx)
{
	size_t count = sizeof(event_fields) / sizeof(event_fields[0]);
	const struct event_field *field;
	struct value value;
	bool has;

	for (field = event_fields; field < event_fields + count; field++) {
		has = event && (field->kinds & KIND(event->kind));
		value_text(&value, NULL);
		if (has)
			field->get(event, &value);
		fn(ctx, field->name, &value, has);
	}
}

void event_each_field(const struct model_event *event, const struct sink_opts *opts,
		      event_field_fn fn, void *ctx)
{
	const struct conn_field *field;
	struct value value;

	value_text(&value, event ? event_kind_name(event->kind) : NULL);
	fn(ctx, "kind", &value, event);
	value_text(&value, NULL);
	if (event)
		value_text(&value, text_time(sink_realtime(opts, event->ts_ns), value.room));
	fn(ctx, "time", &value, event);
	value_count(&value, event ? event->ts_ns : 0);
	fn(ctx, "ts_ns", &value, event);
	for (field = conn_fields; field->name; field++) {
		conn_field_get(field, event ? event->conn : NULL, &value);
		fn(ctx, field->name, &value, event);
	}
	each_own_field(event, fn, ctx);
}
