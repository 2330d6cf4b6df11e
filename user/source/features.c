// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the kernel's BTF and says in words why a host can't be traced. */
#include "source/features.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/caps.h"

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

static int missing_privilege(struct error *err)
{
	static const struct {
		enum cap cap;
		const char *name;
	} needed[] = {
		{CAP_OF_BPF, "CAP_BPF"},
		{CAP_OF_PERFMON, "CAP_PERFMON"},
	};

	if (caps_have(CAP_OF_SYS_ADMIN))
		return 0;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!caps_have(needed[i].cap))
			return error_set(err, -EPERM,
					 "tracing needs root, or the capability %s which this process "
					 "lacks; run it with sudo",
					 needed[i].name);
	return 0;
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
	features->reset_reason =
		parameters(btf, "btf_trace_tcp_send_reset", BTF_KIND_TYPEDEF) >= 4;
	count = parameters(btf, "inet_csk_accept", BTF_KIND_FUNC);
	features->has_accept = count == 2 || count == 4;
	features->accept_arg = count == 2;
	btf__free(btf);
	return 0;
}

int features_explain(int code, const char *program, struct error *err)
{
	struct utsname uts;

	uname(&uts);
	if (code == -EPERM || code == -EACCES)
		return error_set(err, code,
				 "the kernel refused bpf() (%s: %s); kernel lockdown, a seccomp "
				 "profile or a missing capability forbids it",
				 program[0] ? program : "load", strerror(-code));
	return error_set(err, code,
			 "this kernel (%s) cannot run twtrace's programs (%s: %s); it needs socket "
			 "cookies and socket storage in tracing programs, Linux 5.12 or newer "
			 "(--verbose shows what the kernel says)",
			 uts.release, program[0] ? program : "load", strerror(-code));
}
