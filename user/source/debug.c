// SPDX-License-Identifier: GPL-2.0-or-later
/* The only file that knows libdw: symbols, lines, unwind tables. */
#include "source/debug.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

/* DWARF numbers of registers */
#if defined(__x86_64__)
#define REGISTER_BP 6
#define REGISTER_SP 7
#elif defined(__aarch64__)
#define REGISTER_BP 29
#define REGISTER_SP 31
#else
#define REGISTER_BP -1
#define REGISTER_SP -1
#endif
/* Functions are aligned so, and the room before the next one belongs to none. */
#define FUNCTION_ALIGN 16
/* Of its unwind table; one has a few dozen. */
#define MAX_ROWS 256

struct debug {
	Dwfl *dwfl;		/* owned */
	Dwfl_Module *module;
	Dwarf_Addr bias;	/* from the file's addresses to libdw's */
};

/* The same for every function at the outer end whose name the C library has been stripped of. */
static const struct {
	const char *next;	/* the exported function right behind it */
	const char *name;
} nameless[] = {
	{ "__libc_start_main", "__libc_start_call_main" },
	{ "pthread_create", "start_thread" },
	{ "__pthread_create_2_1", "start_thread" },
};

bool debug_is_there(void)
{
	return true;
}

/*
 * Separate debug information, by the build-id only: /usr/lib/debug/.build-id, and what debuginfod
 * sends. By the names that are in the file (.gnu_debuglink, .gnu_debugaltlink) libdw would open
 * and map what is anybody's to change, and to cut off.
 */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file, const char *link, GElf_Word link_crc, char **found)
{
	(void)file;
	(void)link;
	(void)link_crc;
	return dwfl_standard_find_debuginfo(module, userdata, name, base, NULL, NULL, 0, found);
}

struct debug *debug_open(int fd, const char *name)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_build_id_find_elf,
		.find_debuginfo = find_debuginfo,
		.section_address = dwfl_offline_section_address,
	};
	struct debug *debug = calloc(1, sizeof(*debug));

	if (!debug)
		goto fail;
	debug->dwfl = dwfl_begin(&callbacks);
	if (!debug->dwfl)
		goto fail;
	dwfl_report_begin(debug->dwfl);
	debug->module = dwfl_report_offline(debug->dwfl, name, name, fd);
	/* where it fails, libdw leaves the descriptor to its caller */
	if (!debug->module)
		goto fail;
	fd = -1;
	dwfl_report_end(debug->dwfl, NULL, NULL);
	if (!dwfl_module_getelf(debug->module, &debug->bias))
		goto fail;
	return debug;
fail:
	if (fd >= 0)
		close(fd);
	debug_free(debug);
	return NULL;
}

void debug_free(struct debug *debug)
{
	if (!debug)
		return;
	if (debug->dwfl)
		dwfl_end(debug->dwfl);
	free(debug);
}

/* How a function is left, at one place. */
struct frame {
	Dwarf_Frame *rules;	/* owned; NULL: there are none */
	Dwarf_Addr at;		/* the place, as the table counts */
	bool loose;		/* as in struct frame_rule */
};

static struct frame frame_at(struct debug *debug, uint64_t address)
{
	struct frame frame = { .rules = NULL };
	Dwarf_Addr bias = 0;
	Dwarf_CFI *cfi = dwfl_module_eh_cfi(debug->module, &bias);

	frame.at = address + debug->bias - bias;
	if (cfi && !dwarf_cfi_addrframe(cfi, frame.at, &frame.rules))
		return frame;
	/* Go has this one only, and its functions keep frame pointers of which it does not tell */
	cfi = dwfl_module_dwarf_cfi(debug->module, &bias);
	frame.at = address + debug->bias - bias;
	frame.loose = true;
	if (!cfi || dwarf_cfi_addrframe(cfi, frame.at, &frame.rules))
		frame.rules = NULL;
	return frame;
}

static const char *symbol_at(struct debug *debug, uint64_t address, bool exactly)
{
	GElf_Off offset = 0;
	GElf_Sym symbol;
	const char *name = dwfl_module_addrinfo(debug->module, address + debug->bias, &offset,
						&symbol, NULL, NULL, NULL);

	/* a symbol without a size is only the nearest one before */
	if (!name || !name[0] || (exactly ? offset != 0 : offset && offset >= symbol.st_size))
		return NULL;
	return name;
}

static void read_base(Dwarf_Frame *frame, struct frame_rule *rule)
{
	Dwarf_Op *ops;
	size_t count;
	int number;

	if (dwarf_frame_cfa(frame, &ops, &count) || count != 1)
		return;
	if (ops[0].atom == DW_OP_bregx) {
		number = ops[0].number;
		rule->cfa = ops[0].number2;
	} else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31) {
		number = ops[0].atom - DW_OP_breg0;
		rule->cfa = ops[0].number;
	} else {
		return;
	}
	if (number == REGISTER_SP)
		rule->base = FRAME_BY_SP;
	else if (number == REGISTER_BP)
		rule->base = FRAME_BY_BP;
}

/* A function that begins here, going by its alignment and by its frame. */
static bool is_begin(Dwarf_Frame *frame, Dwarf_Addr address)
{
	struct frame_rule rule = { .base = FRAME_UNKNOWN };

	read_base(frame, &rule);
	return address % FUNCTION_ALIGN == 0 && rule.base == FRAME_BY_SP && rule.cfa == 8;
}

/* Where the function at @address ends, by its unwind table, a row of which is a part of it. */
static Dwarf_Addr end_of(struct debug *debug, uint64_t address)
{
	Dwarf_Addr end = 0;

	for (unsigned int row = 0; row < MAX_ROWS; row++) {
		struct frame frame = frame_at(debug, address);
		Dwarf_Addr to = 0;

		if (!frame.rules || (row && is_begin(frame.rules, address)) ||
		    dwarf_frame_info(frame.rules, NULL, &to, NULL) < 0 || to <= frame.at) {
			free(frame.rules);
			break;
		}
		free(frame.rules);
		end = address += to - frame.at;
	}
	return end;
}

/* By what follows it. */
static const char *nameless_at(struct debug *debug, uint64_t address)
{
	Dwarf_Addr end = end_of(debug, address);
	const char *next;

	if (!end)
		return NULL;
	next = symbol_at(debug, (end + FUNCTION_ALIGN - 1) & -(Dwarf_Addr)FUNCTION_ALIGN, true);
	for (size_t i = 0; next && i < sizeof(nameless) / sizeof(nameless[0]); i++)
		if (!strcmp(next, nameless[i].next))
			return nameless[i].name;
	return NULL;
}

/* The scopes at @address, innermost first, out to the function; to be freed. */
static int scopes_at(struct debug *debug, uint64_t address, Dwarf_Die *unit, Dwarf_Die **scopes)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *found = dwfl_module_addrdie(debug->module, address + debug->bias, &bias);
	Dwarf_Die *around = NULL, innermost;
	int count;

	if (!found)
		return 0;
	*unit = *found;
	count = dwarf_getscopes(unit, address + debug->bias - bias, &around);
	if (count <= 0)
		return 0;
	/* of an inlined function these lead to where it was defined, not to where it has gone */
	innermost = around[0];
	free(around);
	count = dwarf_getscopes_die(&innermost, scopes);
	return count > 0 ? count : 0;
}

static const char *name_of(Dwarf_Die *scope)
{
	Dwarf_Attribute attr;

	return dwarf_formstring(dwarf_attr_integrate(scope, DW_AT_name, &attr));
}

static Dwarf_Word number_of(Dwarf_Die *scope, unsigned int name)
{
	Dwarf_Attribute attr;
	Dwarf_Word value = 0;

	if (!dwarf_attr(scope, name, &attr) || dwarf_formudata(&attr, &value))
		return 0;
	return value;
}

/* The line that calls an inlined function. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *inlined, struct debug_site *site)
{
	Dwarf_Files *files;
	size_t count;
	Dwarf_Word file = number_of(inlined, DW_AT_call_file);

	if (dwarf_getsrcfiles(unit, &files, &count) || file >= count)
		return;
	site->file = dwarf_filesrc(files, file, NULL, NULL);
	site->line = (int)number_of(inlined, DW_AT_call_line);
}

unsigned int debug_sites(struct debug *debug, uint64_t address, struct debug_site *sites,
			 unsigned int room)
{
	Dwfl_Line *line = dwfl_module_getsrc(debug->module, address + debug->bias);
	Dwarf_Die *scopes = NULL, unit;
	int count = scopes_at(debug, address, &unit, &scopes);
	unsigned int nr = 0;

	memset(sites, 0, room * sizeof(*sites));
	if (line)
		sites[0].file = dwfl_lineinfo(line, NULL, &sites[0].line, NULL, NULL, NULL);
	for (int i = 0; i < count && nr + 1 < room; i++) {
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine)
			continue;
		sites[nr++].function = name_of(&scopes[i]);
		call_site(&unit, &scopes[i], &sites[nr]);
	}
	free(scopes);
	sites[nr].function = symbol_at(debug, address, false);
	if (!sites[nr].function)
		sites[nr].function = nameless_at(debug, address);
	return nr + 1;
}

/* An offset from the frame's address: "offset(N)" of the tables. */
static bool is_kept(const Dwarf_Op *ops, size_t count, int64_t *offset)
{
	if (!count || count > 2 || ops[0].atom != DW_OP_call_frame_cfa ||
	    (count == 2 && ops[1].atom != DW_OP_plus_uconst))
		return false;
	*offset = count == 2 ? (int64_t)ops[1].number : 0;
	return true;
}

/* Where the return address and the caller's frame pointer are. False: beyond this code. */
static bool read_kept(Dwarf_Frame *frame, struct frame_rule *rule)
{
	Dwarf_Op mem[3], *ops;
	size_t count;
	int number = dwarf_frame_info(frame, NULL, NULL, NULL);

	if (number < 0 || dwarf_frame_register(frame, number, mem, &ops, &count))
		return false;
	if (!count && ops) {
		/* undefined: there is no caller */
		rule->base = FRAME_OUTERMOST;
		return true;
	}
	if (!count)
		rule->ret_in_link = true;
	else if (!is_kept(ops, count, &rule->ret))
		return false;
	if (dwarf_frame_register(frame, REGISTER_BP, mem, &ops, &count))
		return false;
	if (count)
		rule->bp_kept = is_kept(ops, count, &rule->bp);
	return !count || rule->bp_kept;
}

void debug_rule(struct debug *debug, uint64_t address, struct frame_rule *rule)
{
	struct frame frame = frame_at(debug, address);

	*rule = (struct frame_rule){ .base = FRAME_UNKNOWN };
	if (!frame.rules)
		return;
	read_base(frame.rules, rule);
	rule->loose = frame.loose;
	if (!read_kept(frame.rules, rule))
		*rule = (struct frame_rule){ .base = FRAME_UNKNOWN };
	free(frame.rules);
}

#else /* HAVE_LIBDW */

bool debug_is_there(void)
{
	return false;
}

struct debug *debug_open(int fd, const char *name)
{
	(void)name;
	close(fd);
	return NULL;
}

void debug_free(struct debug *debug)
{
	(void)debug;
}

unsigned int debug_sites(struct debug *debug, uint64_t address, struct debug_site *sites,
			 unsigned int room)
{
	(void)debug;
	(void)address;
	memset(sites, 0, room * sizeof(*sites));
	return 1;
}

void debug_rule(struct debug *debug, uint64_t address, struct frame_rule *rule)
{
	(void)debug;
	(void)address;
	memset(rule, 0, sizeof(*rule));
}

#endif /* HAVE_LIBDW */
