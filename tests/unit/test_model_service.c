// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of services off cgroup paths as systemd, Docker, Podman, Kubernetes and LXC make them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/service.h"
#include "model/service_path.h"

#define ID "3f2a9c01b2d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e"
#define SHORT "3f2a9c01b2d4"
#define UID "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
#define UID_ "0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9"
#define UID_STATIC "0a1b2c3d4e5f60718293a4b5c6d7e8f9"

struct naming {
	const char *path;
	const char *name; /* NULL: it names none */
};

/* clang-format off */
static const struct naming namings[] = {
	/* systemd */
	{"/system.slice/nginx.service", "nginx.service"},
	{"/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service"},
	{"/system.slice/nginx.service/worker", "nginx.service"},
	{"system.slice/nginx.service", "nginx.service"},
	{"//system.slice//nginx.service//", "nginx.service"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/web.service", "web.service"},
	{"/user.slice/user-1000.slice/user@1000.service/init.scope", NULL},
	{"/user.slice/user-1000.slice/session-2.scope", NULL},
	{"/init.scope", NULL},
	{"/system.slice", NULL},
	{"/", NULL},
	{"", NULL},
	{"/.service", NULL},
	/* docker, with the systemd driver and with cgroupfs */
	{"/system.slice/docker-" ID ".scope", "docker:" SHORT},
	{"/docker/" ID, "docker:" SHORT},
	{"/docker/" ID "/system.slice/nginx.service", "docker:" SHORT},
	{"/system.slice/docker.service", "docker.service"},
	/* podman */
	{"/machine.slice/libpod-" ID ".scope/container", "podman:" SHORT},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman:" SHORT},
	{"/libpod_parent/libpod-" ID, "podman:" SHORT},
	/* kubernetes, both drivers; the static pod's uid has no dashes */
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-"
	 ID ".scope", "k8s:" UID "/" SHORT},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" ID ".scope", "k8s:" UID "/" SHORT},
	{"/kubepods/besteffort/pod" UID "/" ID, "k8s:" UID "/" SHORT},
	{"/kubepods/burstable/pod" UID_STATIC "/" ID, "k8s:" UID_STATIC "/" SHORT},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" ID
	 ".scope", "k8s:" UID "/" SHORT},
	/* containerd and LXC by themselves */
	{"/system.slice/cri-containerd-" ID ".scope", "container:" SHORT},
	{"/lxc.payload.web", "lxc:web"},
	{"/lxc.payload.web/system.slice/nginx.service", "lxc:web"},
	/* nearly */
	{"/docker/3f2a9c01b2d4", NULL},
	{"/docker/" ID "0", NULL},
	{"/docker/x" ID, NULL},
	{"/kubepods/podium/web.service", "web.service"},
};
/* clang-format on */

static void every_path_has_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(namings) / sizeof(namings[0]); i++) {
		char name[128] = "";
		int ret = service_from_path(namings[i].path, name, sizeof(name));

		if ((ret > 0) != (namings[i].name != NULL) ||
		    strcmp(name, namings[i].name ? namings[i].name : ""))
			fail_msg("'%s' names '%s' (%d), ought to be '%s'", namings[i].path, name,
				 ret, namings[i].name ? namings[i].name : "");
	}
}

static void a_name_too_long_is_cut_not_overrun(void **state)
{
	char path[600], name[16];

	(void)state;
	memset(name, 'x', sizeof(name));
	snprintf(path, sizeof(path), "/system.slice/%0500d.service", 0);
	service_from_path(path, name, 8);
	assert_string_equal(name, "0000000");
	assert_memory_equal(name + 8, "xxxxxxxx", 8);
	/* nor within a character */
	service_from_path("/a/12345\xe6\x97\xa5.service", name, 8);
	assert_string_equal(name, "12345");
	service_from_path("/a/1234\xe6\x97\xa5.service", name, 8);
	assert_string_equal(name, "1234\xe6\x97\xa5");
	service_from_path("/lxc.payload.12\xe6\x97\xa5", name, 8);
	assert_string_equal(name, "lxc:12");
}

static int open_services(void **state)
{
	*state = services_new();
	return *state ? 0 : -1;
}

static int close_services(void **state)
{
	services_free(*state);
	return 0;
}

static const char *resolve(struct services *services, uint64_t cgroup, const char *comm)
{
	char bytes[TW_COMM_LEN] = { 0 };

	memcpy(bytes, comm, strnlen(comm, sizeof(bytes)));
	return services_name(services, services_resolve(services, cgroup, bytes));
}

static void a_cgroup_goes_before_the_command(void **state)
{
	assert_int_equal(services_learn_cgroup(*state, 5, 0, "/system.slice/nginx.service"), 0);
	assert_string_equal(resolve(*state, 5, "worker"), "nginx.service");
	assert_string_equal(services_cgroup_path(*state, 5), "/system.slice/nginx.service");
}

static void the_command_names_what_no_cgroup_does(void **state)
{
	assert_int_equal(services_learn_cgroup(*state, 5, 0, "/user.slice/session-2.scope"), 0);
	assert_string_equal(resolve(*state, 5, "curl"), "curl");
	assert_string_equal(resolve(*state, 6, "curl"), "curl");
	assert_string_equal(resolve(*state, 0, "curl"), "curl");
	assert_string_equal(resolve(*state, 0, "sixteen bytes !!"), "sixteen bytes !!");
	assert_null(resolve(*state, 6, ""));
	assert_null(services_cgroup_path(*state, 6));
}

static void one_name_is_one_service_wherever_it_comes_from(void **state)
{
	char comm[TW_COMM_LEN] = "a.service", junk[TW_COMM_LEN] = "a.service\0junk";
	uint32_t number;

	services_learn_cgroup(*state, 5, 0, "/system.slice/a.service");
	services_learn_cgroup(*state, 6, 0, "/other.slice/a.service");
	number = services_resolve(*state, 5, comm);
	assert_int_equal(services_resolve(*state, 6, comm), number);
	assert_int_equal(services_resolve(*state, 0, comm), number);
	assert_int_equal(services_resolve(*state, 0, junk), number);
	assert_int_not_equal(number, SERVICE_UNKNOWN);
	assert_null(services_name(*state, SERVICE_UNKNOWN));
	assert_null(services_name(*state, 12345));
}

static void names_are_shown_clean(void **state)
{
	services_learn_cgroup(*state, 5, 0, "/system.slice/a\033[2J.service");
	assert_string_equal(resolve(*state, 5, ""), "a\\x1b[2J.service");
	assert_string_equal(services_cgroup_path(*state, 5), "/system.slice/a\\x1b[2J.service");
	assert_string_equal(resolve(*state, 0, "\xff"), "\\xff");
}

static void a_path_told_again_replaces_the_old_one(void **state)
{
	services_learn_cgroup(*state, 5, 0, "/system.slice/a.service");
	services_learn_cgroup(*state, 5, 0, "/system.slice/b.service");
	assert_string_equal(resolve(*state, 5, "x"), "b.service");
	services_learn_cgroup(*state, 5, 0, "/");
	assert_string_equal(resolve(*state, 5, "x"), "x");
}

static void many_stay_apart(void **state)
{
	char path[64], name[64];

	for (unsigned int i = 1; i <= 5000; i++) {
		snprintf(path, sizeof(path), "/system.slice/s%u.service", i);
		assert_int_equal(services_learn_cgroup(*state, i, 0, path), 0);
	}
	for (unsigned int i = 1; i <= 5000; i++) {
		snprintf(name, sizeof(name), "s%u.service", i);
		assert_string_equal(resolve(*state, i, "x"), name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_path_has_its_name, open_services,
						close_services),
		cmocka_unit_test_setup_teardown(a_name_too_long_is_cut_not_overrun, open_services,
						close_services),
		cmocka_unit_test_setup_teardown(a_cgroup_goes_before_the_command, open_services,
						close_services),
		cmocka_unit_test_setup_teardown(the_command_names_what_no_cgroup_does,
						open_services, close_services),
		cmocka_unit_test_setup_teardown(one_name_is_one_service_wherever_it_comes_from,
						open_services, close_services),
		cmocka_unit_test_setup_teardown(names_are_shown_clean, open_services,
						close_services),
		cmocka_unit_test_setup_teardown(a_path_told_again_replaces_the_old_one,
						open_services, close_services),
		cmocka_unit_test_setup_teardown(many_stay_apart, open_services, close_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
