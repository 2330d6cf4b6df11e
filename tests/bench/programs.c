// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel's BPF statistics say of every program that a process holds, a line each:
 *
 *   PID ID RUNS NANOSECONDS SKIPPED NAME
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench.h"

enum { MAX_PROGRAMS = 256 };

struct ids {
	unsigned int nr;
	__u32 id[MAX_PROGRAMS];
};

static void remember(struct ids *ids, __u32 id)
{
	for (unsigned int i = 0; i < ids->nr; i++)
		if (ids->id[i] == id)
			return;
	if (ids->nr == MAX_PROGRAMS)
		die("a process with more than %d BPF programs", MAX_PROGRAMS);
	ids->id[ids->nr++] = id;
}

/* Descriptors of programs and of links both name the program. */
static void read_descriptor(const char *path, struct ids *ids)
{
	FILE *file = fopen(path, "re");
	char line[256];
	__u32 id;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "prog_id: %u", &id) == 1)
			remember(ids, id);
	if (file)
		fclose(file);
}

static void print_program(const char *pid, __u32 id)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0)
		return;		/* gone since */
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		die("program %u: %s", id, strerror(errno));
	printf("%s %u %llu %llu %llu %s\n", pid, id, info.run_cnt, info.run_time_ns,
	       info.recursion_misses, info.name);
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char path[512];
		struct dirent *entry;
		struct ids ids = {};
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%s/fdinfo", argv[i]);
		dir = opendir(path);
		if (!dir)
			die("%s: %s", path, strerror(errno));
		while ((entry = readdir(dir))) {
			snprintf(path, sizeof(path), "/proc/%s/fdinfo/%s", argv[i], entry->d_name);
			read_descriptor(path, &ids);
		}
		closedir(dir);
		for (unsigned int j = 0; j < ids.nr; j++)
			print_program(argv[i], ids.id[j]);
	}
	return EXIT_SUCCESS;
}
