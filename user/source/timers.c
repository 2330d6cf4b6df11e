// SPDX-License-Identifier: GPL-2.0-or-later
/* The callers that matter, and the look at a stack. */
#include "source/timers.h"

#include <string.h>

#include "source/symbols.h"

/* The timer goes down and nothing ends: it is armed anew, or it is due, which is told apart. */
#define LIVES TW_NR_END_REASONS
#define IS_DUE (TW_NR_END_REASONS + 1)

/* By the substate that the minisock was in (net/ipv4/tcp_ipv4.c, tcp_minisocks.c, ...). */
static const struct calling {
	const char *name;
	uint8_t time_wait, fin_wait2;	/* enum tw_end_reason, LIVES, IS_DUE */
} callings[] = {
	{ "tw_timer_handler", LIVES, LIVES },	/* its address is wanted too */
	{ "__inet_twsk_schedule", LIVES, LIVES },
	{ "__mod_timer", LIVES, LIVES },	/* the one before may end in a jump to it */
	{ "mod_timer", LIVES, LIVES },
	{ "mod_timer_pending", LIVES, LIVES },
	{ "__run_timers", IS_DUE, IS_DUE },
	{ "expire_timers", IS_DUE, IS_DUE },
	{ "call_timer_fn", IS_DUE, IS_DUE },
	{ "__run_timer_base", IS_DUE, IS_DUE },
	{ "run_timer_softirq", IS_DUE, IS_DUE },
	{ "tcp_timewait_state_process", TW_END_RESET, TW_END_RESET },
	{ "tcp_v4_rcv", TW_END_REOPENED, TW_END_RESET },
	{ "tcp_v6_rcv", TW_END_REOPENED, TW_END_RESET },
	{ "nf_tproxy_handle_time_wait4", TW_END_REOPENED, TW_END_REOPENED },
	{ "nf_tproxy_handle_time_wait6", TW_END_REOPENED, TW_END_REOPENED },
	{ "__inet_hash_connect", TW_END_REUSED, TW_END_REUSED },
	{ "__inet_check_established", TW_END_REUSED, TW_END_REUSED },
	{ "__inet6_check_established", TW_END_REUSED, TW_END_REUSED },
	{ "tcp_abort", TW_END_DESTROYED, TW_END_DESTROYED },
	{ "inet_twsk_purge", TW_END_PURGED, TW_END_PURGED },
};

#define NR_CALLINGS (sizeof(callings) / sizeof(callings[0]))
#define CALLING_HANDLER 0

static void on_symbol(void *ctx, const struct symbol *symbol)
{
	struct timers *timers = ctx;

	if (symbol->name == CALLING_HANDLER && symbol->whole)
		timers->handler = symbol->start;
	if (timers->nr_callers < MAX_CALLERS)
		timers->callers[timers->nr_callers++] =
			(struct caller){ symbol->start, symbol->end, &callings[symbol->name] };
}

void timers_learn(struct timers *timers)
{
	const char *names[NR_CALLINGS + 1] = { NULL };

	*timers = (struct timers){ 0 };
	for (size_t i = 0; i < NR_CALLINGS; i++)
		names[i] = callings[i].name;
	if (symbols_find(names, on_symbol, timers))
		*timers = (struct timers){ 0 };
}

void timers_expiring(const struct timers *timers, struct tw_code code[static TW_EXPIRING])
{
	size_t count = 0;

	for (size_t i = 0; i < timers->nr_callers && count < TW_EXPIRING; i++)
		if (timers->callers[i].calling->time_wait == IS_DUE)
			code[count++] = (struct tw_code){ timers->callers[i].start,
							  timers->callers[i].end };
}

static const struct calling *calling_at(const struct timers *timers, uint64_t address)
{
	/* a return address may be the first byte after a function that never returns */
	for (size_t i = 0; i < timers->nr_callers; i++)
		if (address > timers->callers[i].start && address <= timers->callers[i].end)
			return timers->callers[i].calling;
	return NULL;
}

bool timers_judge(const struct timers *timers, const struct tw_cancelled *record,
		  struct tw_minisock *ended)
{
	bool is_true = record->mini.head.from == TW_TIME_WAIT;
	const struct calling *calling = NULL;
	uint8_t reason = record->mini.head.to;

	/* the innermost one: what lies below may be what a softirq interrupted */
	for (size_t i = 0; i < TW_CALLERS && record->caller[i] && !calling; i++)
		calling = calling_at(timers, record->caller[i]);
	if (calling)
		reason = is_true ? calling->time_wait : calling->fin_wait2;
	if (reason >= TW_NR_END_REASONS || reason == TW_END_UNKNOWN)
		return false;
	*ended = record->mini;
	ended->head.kind = TW_MINI_ENDED;
	ended->head.size = sizeof(*ended);
	ended->head.to = reason;
	return true;
}
