// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the kernel's BTF and says in words why a host can't be traced. */
#include "source/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/procfs.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* Parameters of the function or typedef of a function pointer; -1: not there. */
static int parameters(const struct btf *btf, const char *name, unsigned int kind)
{
	int id = btf__find_by_name_kind(btf, name, kind);
	const struct btf_type *type;

	if (id < 0)
		return -1;
	do {
		type = btf__type_by_id(btf, id);
		id = type ? type->type : 0;
	} while (type && !btf_is_func_proto(type) && id);
	return type && btf_is_func_proto(type) ? btf_vlen(type) : -1;
}

/* The kernel renumbers enum sk_rst_reason as it grows: its names are what lasts. */
static void name_reset_reasons(const struct btf *btf, struct features *features)
{
	static const char *const names[TW_NR_RESET_REASONS] = {
		[TW_RESET_ABORT_ON_DATA] = "SK_RST_REASON_TCP_ABORT_ON_DATA",
		[TW_RESET_ABORT_ON_CLOSE] = "SK_RST_REASON_TCP_ABORT_ON_CLOSE",
		[TW_RESET_ABORT_ON_LINGER] = "SK_RST_REASON_TCP_ABORT_ON_LINGER",
		[TW_RESET_ABORT_ON_MEMORY] = "SK_RST_REASON_TCP_ABORT_ON_MEMORY",
		[TW_RESET_TCP_STATE] = "SK_RST_REASON_TCP_STATE",
		[TW_RESET_KEEPALIVE_TIMEOUT] = "SK_RST_REASON_TCP_KEEPALIVE_TIMEOUT",
		[TW_RESET_DISCONNECT_WITH_DATA] = "SK_RST_REASON_TCP_DISCONNECT_WITH_DATA",
		[TW_RESET_NOT_SPECIFIED] = "SK_RST_REASON_NOT_SPECIFIED",
		[TW_RESET_NO_SOCKET] = "SK_RST_REASON_NO_SOCKET",
		[TW_RESET_INVALID_SYN] = "SK_RST_REASON_INVALID_SYN",
	};
	int id = btf__find_by_name_kind(btf, "sk_rst_reason", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);
	const struct btf_enum *value = type ? btf_enum(type) : NULL;

	for (unsigned int i = 0; type && i < btf_vlen(type); i++, value++) {
		const char *name = btf__name_by_offset(btf, value->name_off);

		if (value->val < 0 || value->val >= MAX_RESET_REASONS)
			continue;
		features->reset_reasons[value->val] = TW_RESET_OTHER;
		for (unsigned int reason = 0; name && reason < TW_NR_RESET_REASONS; reason++)
			if (names[reason] && !strcmp(names[reason], name))
				features->reset_reasons[value->val] = reason;
	}
}

/* Capabilities of another than the initial one are none over bpf() (bpf_capable(), capable()). */
static bool in_user_namespace(void)
{
	return procfs_in_hosts("user") == 0;
}

static int refuse_user_namespace(int code, struct error *err)
{
	return error_set(
		err, code,
		"the kernel lets nobody trace from within a user namespace (rootless podman "
		"or docker, unshare -U); start twtrace as root of the host, outside of it");
}

static int missing_privilege(struct error *err)
{
	static const struct {
		enum cap cap;
		const char *name;
	} needed[] = {
		{ CAP_OF_BPF, "CAP_BPF" },
		{ CAP_OF_PERFMON, "CAP_PERFMON" },
	};

	if (caps_have(CAP_OF_SYS_ADMIN))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (caps_have(needed[i].cap))
			continue;
		if (in_user_namespace())
			return refuse_user_namespace(-EPERM, err);
		/* sudo gives nothing to who is root, as in a container */
		return error_set(
			err, -EPERM,
			"tracing needs root, or CAP_BPF and CAP_PERFMON (%s is missing); %s",
			needed[i].name,
			geteuid() ? "run it with sudo" :
				    "give the container or the service both of them");
	}
	return 0;
}

static bool has_member(const struct btf *btf, const char *structure, const char *member)
{
	int id = btf__find_by_name_kind(btf, structure, BTF_KIND_STRUCT);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);
	const struct btf_member *at = type ? btf_members(type) : NULL;

	for (unsigned int i = 0; type && i < btf_vlen(type); i++, at++) {
		const char *name = btf__name_by_offset(btf, at->name_off);

		if (name && !strcmp(name, member))
			return true;
	}
	return false;
}

static bool reads_zero(const char *path)
{
	char text[16];

	return procfs_read(path, text, sizeof(text)) > 0 && !strcmp(text, "0\n");
}

/*
 * Switched off, ftrace still takes trampolines and never runs them, and arms kprobes with
 * a warning in the kernel's log: asked for first.
 */
static bool ftrace_is_off(char why[static 80])
{
	if (!reads_zero("/proc/sys/kernel/ftrace_enabled"))
		return false;
	strcpy(why, "kernel.ftrace_enabled is 0");
	return true;
}

/* Attaches an empty program to a function that every TIME_WAIT passes. */
static void try_trampoline(const struct btf *btf, char why[static 80])
{
	static const struct bpf_insn empty[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf__find_by_name_kind(btf, "inet_twsk_alloc", BTF_KIND_FUNC);
	int fd = -1, link = -1;

	if (ftrace_is_off(why))
		return;
	errno = ENOENT;
	if (id >= 0) {
		opts.attach_btf_id = id;
		fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "twtrace_probe", "GPL", empty,
				   sizeof(empty) / sizeof(empty[0]), &opts);
	}
	if (fd >= 0)
		link = bpf_raw_tracepoint_open(NULL, fd);
	if (link < 0)
		/* ENOTSUPP, which user space has no name for: arm64 before 6.4 */
		snprintf(why, 80, "%s", strerror(errno == 524 ? ENOTSUP : errno));
	else
		close(link);
	if (fd >= 0)
		close(fd);
}

/* As libbpf will attach them: by the perf unit, or through tracefs where that is older. */
static void try_kprobes(char why[static 80])
{
	static const char *const ways[] = {
		"/sys/bus/event_source/devices/kprobe/type",
		"/sys/kernel/tracing/kprobe_events",
		"/sys/kernel/debug/tracing/kprobe_events",
	};
	bool any = false;

	if (ftrace_is_off(why))
		return;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		any |= !access(ways[i], R_OK);
	if (!any)
		strcpy(why, "it has none");
	else if (reads_zero("/sys/kernel/debug/kprobes/enabled"))
		strcpy(why, "/sys/kernel/debug/kprobes/enabled is 0");
}

int features_probe(struct features *features, struct error *err)
{
	struct btf *btf;
	int count;

	if (missing_privilege(err))
		return err->code;
	if (access(BTF_PATH, R_OK))
		return error_set(err, -errno,
				 "no BTF at " BTF_PATH " (%s); the kernel needs "
				 "CONFIG_DEBUG_INFO_BTF=y, and /sys must be mounted",
				 strerror(errno));
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return error_set(err, -errno, "the BTF at " BTF_PATH " cannot be read: %s",
				 strerror(errno));
	/* the typedef's first parameter is the tracepoint's data */
	features->reset_reason = parameters(btf, "btf_trace_tcp_send_reset", BTF_KIND_TYPEDEF) >= 4;
	count = parameters(btf, "inet_csk_accept", BTF_KIND_FUNC);
	features->has_accept = count == 2 || count == 4;
	features->accept_arg = count == 2;
	/* both are of 5.18; the member by fbb8295248e1 ("tcp: allocate tcp_death_row outside ...") */
	features->mib_at_birth = has_member(btf, "inet_timewait_death_row", "tw_refcount");
	try_trampoline(btf, features->no_trampolines);
	try_kprobes(features->no_kprobes);
	name_reset_reasons(btf, features);
	btf__free(btf);
	return 0;
}

/*
 * Lockdown takes helpers away from programs and the verifier then says EINVAL, as if
 * they were wrong. The smallest program that reads kernel memory tells it apart.
 */
static bool may_read_kernel_memory(void)
{
	static const struct bpf_insn program[] = {
		/* bpf_probe_read_kernel(r10 - 8, 8, NULL); return 0 */
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "twtrace_probe", "GPL", program,
			       sizeof(program) / sizeof(program[0]), NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int features_explain(int code, const char *program, struct error *err)
{
	struct utsname uts;

	uname(&uts);
	if ((code == -EPERM || code == -EACCES) && in_user_namespace())
		return refuse_user_namespace(code, err);
	if (code == -EPERM || code == -EACCES)
		return error_set(err, code,
				 "the kernel refused bpf() (%s: %s); kernel lockdown, a seccomp "
				 "profile or a missing capability forbids it",
				 program[0] ? program : "load", strerror(-code));
	if (code == -EMFILE || code == -ENFILE)
		return error_set(err, code,
				 "the limit of open files is too low for twtrace's programs (%s); "
				 "raise it with 'ulimit -n'",
				 strerror(-code));
	if (code == -ENOMEM)
		return error_set(
			err, code,
			"there is no memory for twtrace's programs and maps, here or in the "
			"kernel (%s: %s); a limit of the cgroup or of locked memory may say so",
			program[0] ? program : "load", strerror(-code));
	if (!may_read_kernel_memory())
		return error_set(
			err, code,
			"kernel lockdown forbids BPF programs to read kernel memory "
			"(lockdown=confidentiality); tracing needs lockdown=integrity or none, "
			"set on the kernel's command line");
	return error_set(err, code,
			 "this kernel (%s) cannot run twtrace's programs (%s: %s); it needs socket "
			 "cookies and socket storage in tracing programs, Linux 5.14 or newer "
			 "(-vv shows what the kernel says)",
			 uts.release, program[0] ? program : "load", strerror(-code));
}
