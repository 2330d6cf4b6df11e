// SPDX-License-Identifier: GPL-2.0-or-later
/* Bounds of the whole host: orphans, TCP's memory, descriptors. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "doctor/rule.h"

#define FILES_MAX "fs.file-max"
#define FILES_NR "fs.file-nr"
#define MEM "net.ipv4.tcp_mem"
#define ORPHANS "net.ipv4.tcp_max_orphans"

static void propose_orphans(struct exam *exam, struct finding *finding)
{
	int64_t most = exam_sysctl(exam, ORPHANS, 0);

	finding_count(finding, ORPHANS, (double)most);
	finding_count(finding, "sockstat: TCP orphan", (double)exam_sockstat(exam, "TCP:orphan"));
	finding_advise(finding,
		       "Find out whose data is not acknowledged: orphans are sockets without a "
		       "process in FIN_WAIT1, LAST_ACK and CLOSING. TIME_WAIT is none of them.",
		       "A higher tcp_max_orphans costs up to 64 KiB of memory each, which can't be "
		       "swapped.");
}

/* tcp_out_of_resources() counts an orphan that makes no progress twice, or four times. */
static void judge_orphans(struct exam *exam)
{
	uint64_t orphans = exam_sockstat(exam, "TCP:orphan");
	int64_t most = exam_sysctl(exam, ORPHANS, 0);
	struct finding *finding;
	char number[TEXT_LEN];

	if (!orphans || (double)orphans * 2 < (double)most)
		return;
	finding = exam_find(exam, "%s orphans are half or more of tcp_max_orphans",
			    text_count(orphans, number));
	propose_orphans(exam, finding);
}

static void judge_aborts(struct exam *exam)
{
	struct tally tally = exam_counter(exam, "TcpExt:TCPAbortOnMemory");
	char since[SINCE_LEN], number[TEXT_LEN];
	struct finding *finding;

	if (!tally.lately)
		return;
	finding = exam_find(
		exam, "%s connections were reset %s, for too many orphans or too little memory",
		text_count(tally.lately, number), exam_since(exam, &tally, since));
	if (!tally.windowed)
		finding->severity = SEVERITY_WARNING;
	finding_tally(finding, "TCPAbortOnMemory", &tally);
	propose_orphans(exam, finding);
}

static void add_memory(struct exam *exam, struct finding *finding)
{
	finding_count(finding, "sockstat: TCP mem, pages", (double)exam_sockstat(exam, "TCP:mem"));
	finding_word(finding, MEM ", pages", "%" PRId64 " %" PRId64 " %" PRId64,
		     exam_sysctl(exam, MEM, 0), exam_sysctl(exam, MEM, 1),
		     exam_sysctl(exam, MEM, 2));
	finding_advise(
		finding,
		"Find out who holds data: sockets that nobody reads (twtrace list, leaks), "
		"or buffers that are too large for so many connections (tcp_rmem, tcp_wmem).",
		"A higher tcp_mem takes the memory from programs.");
}

/* tcp_enter_memory_pressure() from the second figure on, tcp_out_of_memory() from the third. */
static void judge_memory(struct exam *exam)
{
	int64_t pages = exam_sockstat(exam, "TCP:mem"), pressure = exam_sysctl(exam, MEM, 1);
	int64_t most = exam_sysctl(exam, MEM, 2);
	struct finding *finding;

	if (pages < pressure)
		return;
	finding = exam_find(exam, "TCP uses %" PRId64 " %% of the memory that tcp_mem allows",
			    most > 0 ? (int64_t)((double)pages * 100 / (double)most) : 100);
	if ((double)pages * 10 < (double)most * 9)
		finding->severity = SEVERITY_WARNING;
	add_memory(exam, finding);
}

static void judge_pruning(struct exam *exam)
{
	struct tally pruned = exam_counter(exam, "TcpExt:PruneCalled");
	struct tally pressures = exam_counter(exam, "TcpExt:TCPMemoryPressures");
	struct finding *finding;
	char since[SINCE_LEN];

	/* a receiver that is slow prunes now and then; since boot it says nothing of now */
	if (!pressures.lately && !(pruned.windowed && pruned.lately))
		return;
	finding =
		exam_find(exam, "TCP was short of memory %s", exam_since(exam, &pressures, since));
	finding_tally(finding, "TCPMemoryPressures", &pressures);
	finding_tally(finding, "PruneCalled", &pruned);
	add_memory(exam, finding);
}

static void judge_files(struct exam *exam)
{
	int64_t open = exam_sysctl(exam, FILES_NR, 0), most = exam_sysctl(exam, FILES_MAX, 0);
	struct finding *finding;

	if (most <= 0 || open < most / 10 * 9)
		return;
	finding = exam_find(exam, "%" PRId64 " of the %" PRId64 " files of the host are open", open,
			    most);
	finding_count(finding, FILES_NR, (double)open);
	finding_count(finding, FILES_MAX, (double)most);
	finding_advise(finding, "Find out who has them (twtrace leaks), and raise fs.file-max.",
		       "About 256 bytes of kernel memory for each file that is really open.");
	if (most <= INT64_MAX / 2)
		finding_set(finding, exam, FILES_MAX, "%" PRId64, 2 * most);
}

static void judge_descriptors(struct exam *exam)
{
	for (size_t i = 0; i < exam->chart->nr_verdicts; i++) {
		const struct verdict *verdict = &exam->chart->verdicts[i];
		struct finding *finding;

		if (!verdict->fds || !verdict->fd_limit || verdict->fd_limit == UINT64_MAX ||
		    (uint64_t)verdict->fds * 5 < verdict->fd_limit * 4)
			continue;
		finding = exam_find(exam,
				    "A process of %s has %" PRIu32 " of its %" PRIu64
				    " descriptors open",
				    verdict->service ? verdict->service : "an unknown service",
				    verdict->fds, verdict->fd_limit);
		finding_count(finding, "open descriptors", verdict->fds);
		finding_count(finding, "RLIMIT_NOFILE", (double)verdict->fd_limit);
		finding_advise(
			finding,
			"See twtrace leaks first; raise LimitNOFILE= of its unit if it needs "
			"so many.",
			"A leak only takes longer to fill a higher limit.");
	}
}

#define ORPHAN "sockstat:TCP:orphan"
#define PAGES "sockstat:TCP:mem"

const struct rule rules_limits[] = {
	{ "orphans_aborted",
	  SEVERITY_PROBLEM,
	  judge_aborts,
	  RULE_OF_HOST,
	  { "TcpExt:TCPAbortOnMemory", ORPHANS, ORPHAN } },
	{ "memory", SEVERITY_PROBLEM, judge_memory, RULE_OF_HOST, { MEM, PAGES } },
	{ "files", SEVERITY_PROBLEM, judge_files, RULE_OF_HOST, { FILES_NR, FILES_MAX } },
	{ "descriptors", SEVERITY_PROBLEM, judge_descriptors, RULE_OF_HOST | RULE_TRACED, { NULL } },
	{ "orphans", SEVERITY_WARNING, judge_orphans, RULE_OF_HOST, { ORPHANS, ORPHAN } },
	{ "memory_pressure",
	  SEVERITY_WARNING,
	  judge_pruning,
	  0,
	  { "TcpExt:TCPMemoryPressures", "TcpExt:PruneCalled", MEM, PAGES } },
	{ NULL, 0, NULL, 0, { NULL } },
};
