// SPDX-License-Identifier: GPL-2.0-or-later
/* What is made of a kernel's answers: this test gives them, of kernels old and new, in its place. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/features.h"

/* linux/errno.h has it for the kernel alone */
#define ENOTSUPP 524
#define NOT_THERE (-1)

/* A kernel: Linux 6.10 or newer where all is granted, changed by each test. */
static struct kernel {
	int reset_params, accept_params;	/* NOT_THERE */
	bool has_twsk_alloc, has_tw_refcount, has_reset_names;
	int no_btf, no_fentry, no_link, no_helper;	/* errno */
	const char *ftrace_enabled, *kprobes_enabled;	/* NULL: no such file */
	const char *kprobe_way;				/* NULL: none */
	uint64_t caps;
	uid_t uid;
	ino_t user_ns;					/* 0: no /proc */
} kernel;

#define HOSTS_USER_NS 4026531837

static const struct kernel newest = {
	.reset_params = 4,
	.accept_params = 2,
	.has_twsk_alloc = true,
	.has_tw_refcount = true,
	.has_reset_names = true,
	.ftrace_enabled = "1\n",
	.kprobes_enabled = "1\n",
	.kprobe_way = "/sys/bus/event_source/devices/kprobe/type",
	.caps = 1ULL << CAP_SYS_ADMIN,
	.user_ns = HOSTS_USER_NS,
};

static int given_fds[4];
static size_t nr_given;

/* -------------------------------------------------------- in the place of the kernel's */

static int give_fd(int number)
{
	int fd = number ? -1 : memfd_create("given", MFD_CLOEXEC);

	errno = number;
	if (fd >= 0 && nr_given < sizeof(given_fds) / sizeof(given_fds[0]))
		given_fds[nr_given++] = fd;
	return fd;
}

static int add_proto(struct btf *btf, int params)
{
	int id = btf__add_func_proto(btf, 0);

	while (params--)
		btf__add_func_param(btf, "", 0);
	return id;
}

static void add_reset_names(struct btf *btf)
{
	btf__add_enum(btf, "sk_rst_reason", 4);
	btf__add_enum_value(btf, "SK_RST_REASON_BELOW", -1);
	btf__add_enum_value(btf, "SK_RST_REASON_NOT_SPECIFIED", 0);
	btf__add_enum_value(btf, "SK_RST_REASON_NO_SOCKET", 5);
	btf__add_enum_value(btf, "SK_RST_REASON_OF_2031", 6);
	btf__add_enum_value(btf, "SK_RST_REASON_TCP_ABORT_ON_CLOSE", 7);
	btf__add_enum_value(btf, "SK_RST_REASON_TCP_STATE", MAX_RESET_REASONS - 1);
	btf__add_enum_value(btf, "SK_RST_REASON_INVALID_SYN", MAX_RESET_REASONS);
}

struct btf *btf__load_vmlinux_btf(void)
{
	struct btf *btf = btf__new_empty();
	int whole = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);

	if (kernel.no_btf) {
		btf__free(btf);
		errno = kernel.no_btf;
		return NULL;
	}
	if (kernel.reset_params != NOT_THERE)
		btf__add_typedef(btf, "btf_trace_tcp_send_reset",
				 btf__add_ptr(btf, add_proto(btf, kernel.reset_params)));
	if (kernel.accept_params != NOT_THERE)
		btf__add_func(btf, "inet_csk_accept", BTF_FUNC_GLOBAL,
			      add_proto(btf, kernel.accept_params));
	if (kernel.has_twsk_alloc)
		btf__add_func(btf, "inet_twsk_alloc", BTF_FUNC_GLOBAL, add_proto(btf, 3));
	btf__add_struct(btf, "inet_timewait_death_row", 8);
	btf__add_field(btf, "sysctl_max_tw_buckets", whole, 0, 0);
	if (kernel.has_tw_refcount)
		btf__add_field(btf, "tw_refcount", whole, 32, 0);
	if (kernel.has_reset_names)
		add_reset_names(btf);
	return btf;
}

int bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
		  const struct bpf_insn *insns, size_t count, const struct bpf_prog_load_opts *opts)
{
	(void)name;
	(void)license;
	(void)insns;
	(void)count;
	(void)opts;
	return give_fd(type == BPF_PROG_TYPE_TRACING ? kernel.no_fentry : kernel.no_helper);
}

int bpf_raw_tracepoint_open(const char *name, int program)
{
	(void)name;
	assert_int_equal(program, given_fds[0]);
	return give_fd(kernel.no_link);
}

int capng_get_caps_process(void);
int capng_have_capability(int type, unsigned int number);

int capng_get_caps_process(void)
{
	return 0;
}

int capng_have_capability(int type, unsigned int number)
{
	(void)type;
	return kernel.caps >> number & 1;
}

int access(const char *path, int mode)
{
	if (!strcmp(path, "/sys/kernel/btf/vmlinux")) {
		errno = ENOENT;
		return kernel.no_btf == ENOENT ? -1 : 0;
	}
	if (strstr(path, "kprobe"))
		return kernel.kprobe_way && !strcmp(path, kernel.kprobe_way) ? 0 : -1;
	return faccessat(AT_FDCWD, path, mode, 0);
}

int stat(const char *path, struct stat *st)
{
	if (strcmp(path, "/proc/self/ns/user"))
		return fstatat(AT_FDCWD, path, st, 0);
	*st = (struct stat){ .st_ino = kernel.user_ns };
	errno = ENOENT;
	return kernel.user_ns ? 0 : -1;
}

uid_t geteuid(void)
{
	return kernel.uid;
}

static int open_text(const char *text)
{
	int fd = text ? memfd_create("text", MFD_CLOEXEC) : -1;

	errno = ENOENT;
	if (fd >= 0 && (write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET)))
		abort();
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	if (!strcmp(path, "/proc/sys/kernel/ftrace_enabled"))
		return open_text(kernel.ftrace_enabled);
	if (!strcmp(path, "/sys/kernel/debug/kprobes/enabled"))
		return open_text(kernel.kprobes_enabled);
	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return openat(AT_FDCWD, path, flags, mode);
}

static int boot(void **state)
{
	(void)state;
	kernel = newest;
	nr_given = 0;
	return 0;
}

/* Nothing of a probe stays in the kernel. */
static void expect_closed(void)
{
	for (size_t i = 0; i < nr_given; i++)
		assert_int_equal(fcntl(given_fds[i], F_GETFD), -1);
}

static struct features probe(void)
{
	struct {
		struct features features;
		char after;
	} is = { .after = 0 };
	struct error err = { 0 };

	nr_given = 0;
	assert_int_equal(features_probe(&is.features, &err), 0);
	expect_closed();
	assert_int_equal(is.after, 0);
	return is.features;
}

/* --------------------------------------------------------------------------------- tests */

static void reads_prototypes(void **state)
{
	static const struct {
		int reset, accept;
		bool reset_reason, has_accept, accept_arg;
	} cases[] = {
		{ 4, 2, true, true, true },    /* 6.10 */
		{ 3, 4, false, true, false },  /* before */
		{ 5, 3, true, false, false },  /* one that nobody knows */
		{ NOT_THERE, NOT_THERE, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct features features;

		kernel.reset_params = cases[i].reset;
		kernel.accept_params = cases[i].accept;
		features = probe();
		assert_int_equal(features.reset_reason, cases[i].reset_reason);
		assert_int_equal(features.has_accept, cases[i].has_accept);
		assert_int_equal(features.accept_arg, cases[i].accept_arg);
	}
}

static void tells_what_counters_count(void **state)
{
	(void)state;
	assert_true(probe().mib_at_birth);
	kernel.has_tw_refcount = false;
	assert_false(probe().mib_at_birth);
}

static void knows_reasons_by_their_names(void **state)
{
	struct features features = probe();

	(void)state;
	assert_int_equal(features.reset_reasons[0], TW_RESET_NOT_SPECIFIED);
	assert_int_equal(features.reset_reasons[1], TW_RESET_UNKNOWN);
	assert_int_equal(features.reset_reasons[5], TW_RESET_NO_SOCKET);
	assert_int_equal(features.reset_reasons[6], TW_RESET_OTHER);
	assert_int_equal(features.reset_reasons[7], TW_RESET_ABORT_ON_CLOSE);
	assert_int_equal(features.reset_reasons[MAX_RESET_REASONS - 1], TW_RESET_TCP_STATE);
	/* what stands before them: no number below 0 is one of them */
	assert_int_equal(features.no_kprobes[sizeof(features.no_kprobes) - 1], '\0');

	kernel.has_reset_names = false;
	features = probe();
	for (size_t i = 0; i < MAX_RESET_REASONS; i++)
		assert_int_equal(features.reset_reasons[i], TW_RESET_UNKNOWN);
}

static void says_why_fentry_is_refused(void **state)
{
	(void)state;
	assert_string_equal(probe().no_trampolines, "");
	assert_int_equal(nr_given, 2);

	kernel.no_link = ENOTSUPP;
	assert_string_equal(probe().no_trampolines, strerror(ENOTSUP));
	kernel.no_link = EBUSY;
	assert_string_equal(probe().no_trampolines, strerror(EBUSY));
	kernel.no_fentry = EINVAL;
	assert_string_equal(probe().no_trampolines, strerror(EINVAL));
	kernel.has_twsk_alloc = false;
	assert_string_equal(probe().no_trampolines, strerror(ENOENT));
}

static void says_why_kprobes_are_refused(void **state)
{
	static const char *const ways[] = {
		"/sys/bus/event_source/devices/kprobe/type",
		"/sys/kernel/tracing/kprobe_events",
		"/sys/kernel/debug/tracing/kprobe_events",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		kernel.kprobe_way = ways[i];
		assert_string_equal(probe().no_kprobes, "");
	}
	kernel.kprobes_enabled = NULL;
	assert_string_equal(probe().no_kprobes, "");
	kernel.kprobes_enabled = "0\n";
	assert_string_equal(probe().no_kprobes, "/sys/kernel/debug/kprobes/enabled is 0");
	kernel.kprobe_way = NULL;
	assert_string_equal(probe().no_kprobes, "it has none");
}

/* Asked for, they would be taken, and never run. */
static void asks_for_neither_while_ftrace_is_off(void **state)
{
	struct features features;

	(void)state;
	kernel.ftrace_enabled = "0\n";
	features = probe();
	assert_string_equal(features.no_trampolines, "kernel.ftrace_enabled is 0");
	assert_string_equal(features.no_kprobes, "kernel.ftrace_enabled is 0");
	assert_int_equal(nr_given, 0);
}

static void names_the_missing_capability(void **state)
{
	struct features features = { 0 };
	struct error err = { 0 };

	(void)state;
	kernel.caps = 1ULL << CAP_BPF | 1ULL << CAP_PERFMON;
	probe();
	kernel.caps = 1ULL << CAP_BPF;
	kernel.uid = 1000;
	assert_int_equal(features_probe(&features, &err), -EPERM);
	assert_string_equal(err.text, "tracing needs root, or CAP_BPF and CAP_PERFMON (CAP_PERFMON "
				      "is missing); run it with sudo");
	/* to whom sudo would give nothing */
	kernel.uid = 0;
	assert_int_equal(features_probe(&features, &err), -EPERM);
	assert_string_equal(err.text,
			    "tracing needs root, or CAP_BPF and CAP_PERFMON (CAP_PERFMON "
			    "is missing); give the container or the service both of them");
	kernel.caps = 1ULL << CAP_PERFMON;
	assert_int_equal(features_probe(&features, &err), -EPERM);
	assert_non_null(strstr(err.text, "(CAP_BPF is missing)"));
}

static void needs_btf(void **state)
{
	struct features features = { 0 };
	struct error err = { 0 };

	(void)state;
	kernel.no_btf = ENOENT;
	assert_int_equal(features_probe(&features, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no BTF at /sys/kernel/btf/vmlinux (No such file or "
					 "directory)"));
	assert_non_null(strstr(err.text, "CONFIG_DEBUG_INFO_BTF=y"));
	kernel.no_btf = EINVAL;
	assert_int_equal(features_probe(&features, &err), -EINVAL);
	assert_non_null(strstr(err.text, "cannot be read: Invalid argument"));
}

static void explains_a_load_that_failed(void **state)
{
	static const struct {
		int code, no_helper;
		const char *program, *said;
	} cases[] = {
		{ -EPERM, 0, "on_close", "refused bpf() (on_close: Operation not permitted)" },
		{ -EACCES, 0, "", "refused bpf() (load: Permission denied)" },
		{ -EMFILE, 0, "", "raise it with 'ulimit -n'" },
		{ -ENFILE, 0, "", "raise it with 'ulimit -n'" },
		{ -ENOMEM, 0, "on_close", "no memory for twtrace's programs and maps" },
		/* lockdown takes the helpers away, and EINVAL is all that the verifier says */
		{ -EINVAL, EINVAL, "on_close", "lockdown=confidentiality" },
		{ -EINVAL, 0, "on_close",
		  "cannot run twtrace's programs (on_close: Invalid argument)" },
		{ -EINVAL, 0, "", "cannot run twtrace's programs (load: Invalid argument)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };

		nr_given = 0;
		kernel.no_helper = cases[i].no_helper;
		assert_int_equal(features_explain(cases[i].code, cases[i].program, &err),
				 cases[i].code);
		assert_non_null(strstr(err.text, cases[i].said));
		expect_closed();
	}
}

/* It has all capabilities there, and none that bpf() asks for. */
static void says_that_a_user_namespace_can_not_trace(void **state)
{
	struct features features = { 0 };
	struct error err = { 0 };

	(void)state;
	kernel.user_ns = HOSTS_USER_NS + 1000;
	probe();
	assert_int_equal(features_explain(-EPERM, "on_close", &err), -EPERM);
	assert_non_null(strstr(err.text, "within a user namespace (rootless podman or docker"));
	features_explain(-EINVAL, "on_close", &err);
	assert_null(strstr(err.text, "user namespace"));
	kernel.caps = 0;
	assert_int_equal(features_probe(&features, &err), -EPERM);
	assert_non_null(strstr(err.text, "within a user namespace"));
	/* not known, nobody says so */
	kernel.user_ns = 0;
	features_explain(-EPERM, "on_close", &err);
	assert_non_null(strstr(err.text, "refused bpf()"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, boot)
	const struct CMUnitTest tests[] = {
		TEST(reads_prototypes),
		TEST(tells_what_counters_count),
		TEST(knows_reasons_by_their_names),
		TEST(says_why_fentry_is_refused),
		TEST(says_why_kprobes_are_refused),
		TEST(asks_for_neither_while_ftrace_is_off),
		TEST(names_the_missing_capability),
		TEST(needs_btf),
		TEST(explains_a_load_that_failed),
		TEST(says_that_a_user_namespace_can_not_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
