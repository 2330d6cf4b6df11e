// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the contract: what fields, states, kinds and reasons are called. */
#include <stddef.h>

#include "model/event.h"
#include "model/leak.h"
#include "model/field.h"
#include "model/model.h"
#include "model/ports.h"
#include "tw_record.h"

#define NAME_IN(table, index) \
	((size_t)(index) < sizeof(table) / sizeof((table)[0]) ? (table)[index] : NULL)

const char *field_name(enum field field)
{
	static const char *const names[NR_FIELDS] = {
		[FIELD_CONNECTIONS] = "connections",
		[FIELD_OPENED] = "opened",
		[FIELD_CLOSED] = "closed",
		[FIELD_CLOSED_FIRST] = "closed_first",
		[FIELD_FAILED] = "failed",
		[FIELD_RESETS] = "resets",
		[FIELD_TW_ENTERED] = "time_wait_entered",
		[FIELD_TW_REFUSED] = "time_wait_refused",
		[FIELD_TW_EXPIRED] = "time_wait_expired",
		[FIELD_TW_REUSED] = "time_wait_reused",
		[FIELD_TW_OTHER] = "time_wait_other",
		[FIELD_TW_REOPENED] = "time_wait_reopened",
		[FIELD_TW_RESET] = "time_wait_reset",
		[FIELD_TW_DESTROYED] = "time_wait_destroyed",
		[FIELD_TW_PURGED] = "time_wait_purged",
		[FIELD_TW_UNKNOWN] = "time_wait_unknown",
		[FIELD_FW2_EXPIRED] = "fin_wait2_expired",
		[FIELD_OPEN] = "open",
		[FIELD_SYN_SENT] = "syn_sent",
		[FIELD_SYN_RECV] = "syn_recv",
		[FIELD_ESTABLISHED] = "established",
		[FIELD_FIN_WAIT1] = "fin_wait1",
		[FIELD_FIN_WAIT2] = "fin_wait2",
		[FIELD_FW2_ORPHANS] = "fin_wait2_orphans",
		[FIELD_CLOSE_WAIT] = "close_wait",
		[FIELD_LAST_ACK] = "last_ack",
		[FIELD_CLOSING] = "closing",
		[FIELD_TIME_WAIT] = "time_wait",
	};

	return NAME_IN(names, field);
}

const char *audit_name(enum audit_kind kind)
{
	static const char *const names[NR_AUDIT_KINDS] = {
		[AUDIT_TIME_WAIT] = "time_wait",
		[AUDIT_ESTABLISHED] = "established",
		[AUDIT_TRUE_TIME_WAIT] = "substate_time_wait",
		[AUDIT_FIN_WAIT2] = "substate_fin_wait2",
		[AUDIT_ENTERED] = "time_wait_entered",
		[AUDIT_EXPIRED] = "time_wait_expired",
		[AUDIT_REFUSED] = "time_wait_refused",
		[AUDIT_REUSED] = "time_wait_reused",
	};

	return NAME_IN(names, kind);
}

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[NR_EVENT_KINDS] = {
		[EVENT_TRANSITION] = "transition",
		[EVENT_TIME_WAIT_ENTER] = "time_wait_enter",
		[EVENT_TIME_WAIT_EXIT] = "time_wait_exit",
		[EVENT_TIME_WAIT_SUBSTATE] = "time_wait_substate",
		[EVENT_TIME_WAIT_REFUSED] = "time_wait_refused",
		[EVENT_CONNECT_FAILED] = "connect_failed",
		[EVENT_BIND_FAILED] = "bind_failed",
		[EVENT_RESET_SENT] = "reset_sent",
		[EVENT_LOSS] = "loss",
	};

	return NAME_IN(names, kind);
}

const char *evidence_name(enum evidence evidence)
{
	static const char *const names[NR_EVIDENCE] = {
		[EVIDENCE_INFERRED] = "inferred", [EVIDENCE_SNAPSHOT] = "snapshot",
		[EVIDENCE_TIMER] = "timer",	  [EVIDENCE_KPROBE] = "kprobe",
		[EVIDENCE_FENTRY] = "fentry",
	};

	return NAME_IN(names, evidence);
}

const char *end_reason_name(enum end_reason reason)
{
	static const char *const names[NR_END_REASONS] = {
		[END_UNKNOWN] = "unknown", [END_EXPIRED] = "expired",
		[END_REUSED] = "reused",   [END_REOPENED] = "reopened",
		[END_RESET] = "reset",	   [END_DESTROYED] = "destroyed",
		[END_PURGED] = "purged",
	};

	return NAME_IN(names, reason);
}

const char *direction_name(enum direction direction)
{
	static const char *const names[] = {
		[DIRECTION_UNKNOWN] = "unknown",
		[DIRECTION_OUTGOING] = "outgoing",
		[DIRECTION_INCOMING] = "incoming",
	};

	return NAME_IN(names, direction);
}

const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_UNKNOWN] = "unknown",
		[ROLE_CLIENT] = "client",
		[ROLE_SERVER] = "server",
	};

	return NAME_IN(names, role);
}

const char *reset_name(enum reset reset)
{
	static const char *const names[] = {
		[RESET_RECEIVED] = "received",
		[RESET_SENT] = "sent",
	};

	return NAME_IN(names, reset);
}

const char *reset_reason_name(unsigned int reason)
{
	static const char *const names[TW_NR_RESET_REASONS] = {
		[TW_RESET_OTHER] = "other",
		[TW_RESET_ABORT_ON_DATA] = "abort_on_data",
		[TW_RESET_ABORT_ON_CLOSE] = "abort_on_close",
		[TW_RESET_ABORT_ON_LINGER] = "abort_on_linger",
		[TW_RESET_ABORT_ON_MEMORY] = "abort_on_memory",
		[TW_RESET_TCP_STATE] = "tcp_state",
		[TW_RESET_KEEPALIVE_TIMEOUT] = "keepalive_timeout",
		[TW_RESET_DISCONNECT_WITH_DATA] = "disconnect_with_data",
		[TW_RESET_NOT_SPECIFIED] = "not_specified",
		[TW_RESET_NO_SOCKET] = "no_socket",
		[TW_RESET_INVALID_SYN] = "invalid_syn",
	};

	return NAME_IN(names, reason);
}

const char *loss_cause_name(unsigned int cause)
{
	static const char *const names[TW_NR_LOSS] = {
		[TW_LOSS_RING_FULL] = "ring_full",     [TW_LOSS_SKIPPED] = "skipped",
		[TW_LOSS_NO_MEMORY] = "no_memory",     [TW_LOSS_MALFORMED] = "malformed",
		[TW_LOSS_UNTOLD] = "untold",	       [TW_LOSS_SPILLED] = "spilled",
		[TW_LOSS_OUTPUT_FULL] = "output_full", [TW_LOSS_LEFT_OUT] = "left_out",
	};

	return NAME_IN(names, cause);
}

const char *state_name(unsigned int state)
{
	static const char *const names[TW_NR_STATES] = {
		[TW_ESTABLISHED] = "ESTABLISHED",
		[TW_SYN_SENT] = "SYN_SENT",
		[TW_SYN_RECV] = "SYN_RECV",
		[TW_FIN_WAIT1] = "FIN_WAIT1",
		[TW_FIN_WAIT2] = "FIN_WAIT2",
		[TW_TIME_WAIT] = "TIME_WAIT",
		[TW_CLOSE] = "CLOSE",
		[TW_CLOSE_WAIT] = "CLOSE_WAIT",
		[TW_LAST_ACK] = "LAST_ACK",
		[TW_LISTEN] = "LISTEN",
		[TW_CLOSING] = "CLOSING",
		[12] = "NEW_SYN_RECV",
	};
	const char *name = NAME_IN(names, state);

	return name ? name : "UNKNOWN";
}

const char *leak_kind_name(enum leak_kind kind)
{
	static const char *const names[NR_LEAK_KINDS] = {
		[LEAK_CLOSE_WAIT] = "close_wait",
		[LEAK_ESTABLISHED_GROWTH] = "established_growth",
		[LEAK_FIN_WAIT2_HELD] = "fin_wait2_held",
		[LEAK_FIN_WAIT2_ORPHAN] = "fin_wait2_orphan",
		[LEAK_CLOSED_HELD] = "closed_held",
		[LEAK_SYN_SENT] = "syn_sent",
		[LEAK_ACCEPT_QUEUE] = "accept_queue",
		[LEAK_TIME_WAIT_CHURN] = "time_wait_churn",
	};

	return NAME_IN(names, kind);
}

const char *leak_thing(enum leak_kind kind)
{
	static const char *const things[NR_LEAK_KINDS] = {
		[LEAK_CLOSE_WAIT] = "sockets in CLOSE-WAIT",
		[LEAK_ESTABLISHED_GROWTH] = "open connections, ever more",
		[LEAK_FIN_WAIT2_HELD] = "sockets held in FIN-WAIT2",
		[LEAK_FIN_WAIT2_ORPHAN] = "orphans in FIN-WAIT2",
		[LEAK_CLOSED_HELD] = "ended connections whose descriptors are open",
		[LEAK_SYN_SENT] = "connects without an answer",
		[LEAK_ACCEPT_QUEUE] = "connections wait for accept()",
		[LEAK_TIME_WAIT_CHURN] = "short-lived connections",
	};

	return NAME_IN(things, kind);
}

const char *leak_level_name(enum leak_level level)
{
	static const char *const names[] = {
		[LEVEL_NONE] = "none",
		[LEVEL_WATCH] = "watch",
		[LEVEL_SUSPECT] = "suspect",
		[LEVEL_LEAK] = "leak",
	};

	return NAME_IN(names, level);
}

const char *budget_level_name(enum budget_level level)
{
	static const char *const names[NR_BUDGET_LEVELS] = {
		[BUDGET_FINE] = "fine",
		[BUDGET_NEARING] = "nearing",
		[BUDGET_HALF] = "half",
		[BUDGET_EXHAUSTED] = "exhausted",
	};

	return NAME_IN(names, level);
}

const char *failure_kind_name(enum failure_kind kind)
{
	static const char *const names[NR_FAILURE_KINDS] = {
		[FAILURE_CONNECT] = "connect",
		[FAILURE_BIND] = "bind",
		[FAILURE_LISTEN] = "listen",
	};

	return NAME_IN(names, kind);
}

const char *port_holder_name(enum port_holder_kind kind)
{
	static const char *const names[NR_PORT_HOLDERS] = {
		[HELD_BY_LISTENER] = "listener",
		[HELD_BY_CONNECTION] = "connection",
		[HELD_BY_TIME_WAIT] = "time_wait",
		[HELD_BY_BOUND] = "bound",
	};

	return NAME_IN(names, kind);
}
