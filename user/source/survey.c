// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespace by namespace: snapshots in, records out. */
#include "source/survey.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/procfs.h"
#include "source/facts.h"
#include "source/live.h"

/* Blocks so large go back to the kernel when they are freed, whatever lies behind them. */
#define LARGE_BYTES (128 * 1024)

int survey_init(struct survey *survey, struct keeper *keeper, bool ages, uint32_t only_ino,
		struct error *err)
{
	/* set at all, it no longer grows with what is freed: all that a dump takes would stay */
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	*survey = (struct survey){ .ages = ages, .only_ino = only_ino };
	return netns_list_init(&survey->netns, keeper, err);
}

void survey_release(struct survey *survey)
{
	netns_list_release(&survey->netns);
}

void survey_notice(struct survey *survey, const struct tw_tuple *tuple)
{
	/* events come in runs of one namespace */
	if (tuple->netns_cookie == survey->noticed)
		return;
	survey->noticed = tuple->netns_cookie;
	if (survey->nr_unknown == MAX_UNKNOWN ||
	    netns_list_find(&survey->netns, tuple->netns_cookie))
		return;
	for (size_t i = 0; i < survey->nr_unknown; i++)
		if (survey->unknown[i].id == tuple->netns_cookie)
			return;
	survey->unknown[survey->nr_unknown++] =
		(struct tw_name){ .id = tuple->netns_cookie, .ino = tuple->netns_ino };
}

static void tell_netns(const struct netns_entry *entry, enum tw_kind kind,
		       const struct receiver *to)
{
	struct {
		struct tw_name name;
		char text[sizeof(entry->name)];
	} record = {
		.name.head = { .size = sizeof(record), .kind = kind, .ts_ns = live_now_ns() },
		.name.id = entry->cookie,
		.name.ino = entry->ino,
	};

	memcpy(record.text, entry->name, sizeof(record.text));
	deliver(to, &record);
}

/* Finds new namespaces; those that nobody wants leave the list again. */
static void scan(struct survey *survey)
{
	struct netns_list *netns = &survey->netns;

	netns_list_scan(netns);
	for (size_t i = netns->count; survey->only_ino && i-- > 0;)
		if (netns->entries[i].ino != survey->only_ino)
			netns_list_remove(netns, i);
}

static void tell_new(struct survey *survey, const struct receiver *to)
{
	for (size_t i = 0; i < survey->netns.count; i++) {
		struct netns_entry *entry = &survey->netns.entries[i];

		if (!entry->told)
			tell_netns(entry, TW_NETNS, to);
		entry->told = true;
	}
}

static struct netns_entry *find(struct survey *survey, uint64_t cookie)
{
	for (size_t i = 0; i < survey->netns.count; i++)
		if (survey->netns.entries[i].cookie == cookie)
			return &survey->netns.entries[i];
	return NULL;
}

struct netns_entry *survey_find(struct survey *survey, uint64_t cookie, const struct receiver *to)
{
	struct netns_entry *entry = find(survey, cookie);

	if (entry || survey->busy)
		return entry;
	scan(survey);
	tell_new(survey, to);
	return find(survey, cookie);
}

/* Of namespaces that are new, or whose turn it is; @last: of all. */
static void tell_facts(struct survey *survey, bool last, const struct receiver *to)
{
	uint64_t now_ns = live_now_ns();

	for (size_t i = 0; i < survey->netns.count && survey->facts; i++) {
		struct netns_entry *entry = &survey->netns.entries[i];

		if (!netns_is_open(&survey->netns, entry) ||
		    (!last && entry->facts_ns && now_ns - entry->facts_ns < FACTS_EVERY_NS))
			continue;
		entry->facts_ns = now_ns;
		facts_tell(&survey->netns, entry, to);
	}
}

/*
 * Namespaces that were over before anyone looked: nothing else would ever end what
 * the model keeps of them. One that is there and can't be entered is left alone.
 */
static void tell_missed(struct survey *survey, const struct survey_steps *steps,
			const struct receiver *to)
{
	size_t nr_gone = 0, count = survey->nr_unknown;

	for (size_t i = 0; i < count; i++) {
		struct tw_name missed = survey->unknown[i];

		if (netns_list_is_gone(&survey->netns, missed.id, missed.ino))
			survey->unknown[nr_gone++] = missed;
	}
	/* what happened in them before they were gone still waits, and may be of others again */
	survey->noticed = 0;
	if (nr_gone)
		steps->settle(steps->ctx);
	for (size_t i = 0; i < nr_gone; i++) {
		struct netns_entry entry = { .cookie = survey->unknown[i].id,
					     .ino = survey->unknown[i].ino };

		tell_netns(&entry, TW_NETNS_GONE, to);
	}
	survey->nr_unknown -= count;
	memmove(survey->unknown, survey->unknown + count,
		survey->nr_unknown * sizeof(survey->unknown[0]));
	survey->rescan = false;
}

static void deliver_end(const struct survey *survey, struct snapshot *snapshot,
			const struct receiver *to)
{
	snapshot->end.flags = survey->flags;
	deliver(to, &snapshot->end);
}

/* They are as large as all that the model knows of them: gone as soon as it does. */
static void deliver_sockets(struct snapshot *snapshot, const struct receiver *to)
{
	deliver(to, &snapshot->begin);
	for (size_t i = 0; i < snapshot->count; i++)
		deliver(to, &snapshot->sockets[i]);
	snapshot_release(snapshot);
}

/* Namespaces are traced in any case, but only those that can be entered have been looked at. */
static void tell_hidden(const struct survey *survey)
{
	const struct netns_list *netns = &survey->netns;
	bool hidden = !netns->complete;
	const char *missing =
		!keeper_has(netns->keeper, CAP_OF_SYS_ADMIN)  ? " (CAP_SYS_ADMIN is missing)" :
		!keeper_has(netns->keeper, CAP_OF_SYS_PTRACE) ? " (CAP_SYS_PTRACE is missing)" :
								"";
	/* in a container: no capability helps there */
	const char *remedy = procfs_in_hosts("pid") == 0 ?
				     "; run it in the host's pid namespace (--pid host, hostPID)" :
				     "";

	/* it may be out of sight: what happens in it is traced all the same */
	if (survey->only_ino && !netns->count)
		log_msg(LOG_WARNING,
			"no network namespace %u can be seen%s; what was there before will be missing",
			survey->only_ino, missing);
	if (survey->only_ino)
		return;
	for (size_t i = 0; i < netns->nr_inodes && !hidden; i++) {
		size_t at = 0;

		while (at < netns->count && netns->entries[at].ino != netns->inodes[i])
			at++;
		hidden = at == netns->count;
	}
	if (hidden)
		log_msg(LOG_WARNING,
			"not every network namespace can be seen%s; what was there before in the "
			"others will be missing%s",
			missing, remedy);
}

int survey_start(struct survey *survey, const struct survey_steps *steps, const struct receiver *to,
		 struct error *err)
{
	struct pause pause = { steps->settle, steps->ctx };
	struct netns_list *netns = &survey->netns;
	struct snapshot *snapshots;
	int ret = 0;

	scan(survey);
	if (!netns->count && !survey->only_ino)
		return error_set(
			err, -ENOTSUP,
			"this kernel does not number its network namespaces (SO_NETNS_COOKIE); "
			"it needs Linux 5.14 or newer");
	tell_hidden(survey);
	snapshots = calloc(netns->count + 1, sizeof(*snapshots));
	if (!snapshots)
		return error_set(err, -ENOMEM, "no memory for a snapshot");
	survey->busy = true;
	steps->before(steps->ctx);
	for (size_t i = 0; i < netns->count; i++) {
		struct error why = { 0 };
		int failed = snapshot_take(&snapshots[i], netns, &netns->entries[i], survey->ages,
					   &pause, &why);

		if (failed)
			log_msg(LOG_VERBOSE, "%s", why.text);
		/* without a dump of its own namespace twtrace would start blind */
		if (failed && netns->entries[i].ino == netns->own_ino) {
			*err = why;
			ret = failed;
		}
	}
	steps->settle(steps->ctx);
	tell_new(survey, to);
	for (size_t i = 0; i < netns->count; i++)
		deliver_sockets(&snapshots[i], to);
	steps->between(steps->ctx);
	for (size_t i = 0; i < netns->count; i++)
		deliver_end(survey, &snapshots[i], to);
	tell_facts(survey, false, to);
	survey->busy = false;
	free(snapshots);
	return ret;
}

/* Ours, and that of who looks for us. */
static uint64_t cost_ns(const struct survey *survey)
{
	return clock_thread_ns() + keeper_cost_ns(survey->netns.keeper);
}

/*
 * What was audited once and is not looked into any more: a dump that could not be taken says so,
 * or its last figures would be shown for good.
 */
static void tell_closed(struct survey *survey, struct netns_entry *entry, const struct receiver *to)
{
	struct snapshot none = {
		.begin = { .head = { .size = sizeof(none.begin),
				     .kind = TW_SNAPSHOT_BEGIN,
				     .ts_ns = live_now_ns() },
			   .netns_cookie = entry->cookie,
			   .netns_ino = entry->ino },
	};

	if (entry->closed)
		return;
	entry->closed = true;
	none.end = none.begin;
	none.end.head.kind = TW_SNAPSHOT_END;
	none.end.head.error = TW_SNAPSHOT_NO_MORE;
	memset(&none.end.kernel, 0xff, sizeof(none.end.kernel));
	deliver_sockets(&none, to);
	deliver_end(survey, &none, to);
}

void survey_own_only(struct survey *survey)
{
	survey->netns.own_only = true;
}

void survey_interval(struct survey *survey, uint64_t now_ns, unsigned int budget, bool force,
		     bool ages, const struct survey_steps *steps, const struct receiver *to)
{
	struct pause pause = { steps->settle, steps->ctx };
	struct netns_list *netns = &survey->netns;
	struct snapshot snapshot = { 0 };
	uint64_t began_ns = cost_ns(survey);
	size_t i = 0;

	if (survey->nr_unknown || survey->rescan) {
		scan(survey);
		tell_new(survey, to);
		tell_missed(survey, steps, to);
	}
	if (!force && now_ns < survey->next_ns)
		return;
	survey->busy = true;
	while (i < netns->count) {
		struct error err = { 0 };
		int ret;

		if (!netns_is_open(netns, &netns->entries[i])) {
			tell_closed(survey, &netns->entries[i++], to);
			continue;
		}
		ret = snapshot_take(&snapshot, netns, &netns->entries[i], ages, &pause, &err);
		if (ret == -ESRCH) {
			/* what happened in it before it was gone still waits */
			steps->settle(steps->ctx);
			tell_netns(&netns->entries[i], TW_NETNS_GONE, to);
			netns_list_remove(netns, i);
			/* its inode number may be another's already, which the scan passed over */
			survey->rescan = true;
			continue;
		}
		if (ret)
			log_msg(LOG_VERBOSE, "%s", err.text);
		steps->settle(steps->ctx);
		deliver_sockets(&snapshot, to);
		deliver_end(survey, &snapshot, to);
		i++;
	}
	tell_facts(survey, !budget, to);
	survey->busy = false;
	survey->next_ns = now_ns + (budget ? (cost_ns(survey) - began_ns) * 1000 / budget : 0);
}
