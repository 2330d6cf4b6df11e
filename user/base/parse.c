/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers, durations, sizes, ports and networks as users type them, whole or not at all. */
#include "base/parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/*
 * Reads the digits that @text begins with; strtoull() would take blanks, signs
 * and, in C23, "0b1". Returns what follows, NULL if there is no digit. A value
 * that does not fit sets *@fits to false.
 */
static const char *read_digits(const char *text, uint64_t *value, bool *fits)
{
	const char *at = text;

	*value = 0;
	*fits = true;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
			*fits = false;
	}
	return at == text ? NULL : at;
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value, struct error *err)
{
	uint64_t number;
	bool fits;
	const char *end = read_digits(text, &number, &fits);

	if (!end || *end)
		return error_set(err, -EINVAL, "'%s' is not a whole number", text);
	if (!fits || number < min || number > max)
		return error_set(err, -EINVAL, "'%s' is out of range: from %" PRIu64 " to %" PRIu64,
				 text, min, max);
	*value = number;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	}
	return NULL;
}

int parse_percent(const char *text, double *share, struct error *err)
{
	uint64_t whole, part = 0;
	double scale = 1;
	bool fits, part_fits = true;
	const char *end = read_digits(text, &whole, &fits);
	const char *point = end;

	/* no locale's comma, no sign, no exponent: not strtod() */
	if (end && *end == '.')
		end = read_digits(point + 1, &part, &part_fits);
	for (const char *at = point; end && at + 1 < end; at++)
		scale *= 10;
	if (!end || strcmp(end, "%"))
		if (!end || *end || whole || part)
			return error_set(err, -EINVAL,
					 "'%s' is no share: it takes a percentage, such as 1%% or "
					 "0.05%%",
					 text);
	*share = ((double)whole + (double)part / scale) / 100;
	if (!fits || !part_fits || *share > 1)
		return error_set(err, -EINVAL, "'%s' is more than 100%%", text);
	return 0;
}

int parse_duration(const char *text, uint64_t *ns, struct error *err)
{
	static const struct unit units[] = {
		{ "us", 1000 },
		{ "ms", 1000 * 1000 },
		{ "s", 1000ULL * 1000 * 1000 },
		{ "m", 60ULL * 1000 * 1000 * 1000 },
		{ "h", 3600ULL * 1000 * 1000 * 1000 },
		{ "d", 86400ULL * 1000 * 1000 * 1000 },
	};
	const struct unit *unit;
	uint64_t number;
	bool fits;
	const char *end = read_digits(text, &number, &fits);

	if (!end)
		return error_set(err, -EINVAL, "'%s' is not a duration such as 500ms, 10s or 5m",
				 text);
	if (!*end) {
		if (number || !fits)
			return error_set(err, -EINVAL, "'%s' has no unit: write it as %ss or %sms",
					 text, text, text);
		*ns = 0;
		return 0;
	}
	unit = find_unit(units, sizeof(units) / sizeof(units[0]), end);
	if (!unit)
		return error_set(
			err, -EINVAL,
			"'%s' is not a duration: whole numbers only, with us, ms, s, m, h or d",
			text);
	if (!fits || __builtin_mul_overflow(number, unit->factor, &number))
		return error_set(err, -EINVAL, "'%s' is too long a duration", text);
	*ns = number;
	return 0;
}

int parse_size(const char *text, uint64_t *bytes, struct error *err)
{
	static const struct unit units[] = {
		{ "", 1 },	  { "K", 1 << 10 }, { "M", 1 << 20 }, { "G", 1 << 30 },
		{ "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 },
	};
	const struct unit *unit;
	uint64_t number;
	bool fits;
	const char *end = read_digits(text, &number, &fits);

	if (!end)
		return error_set(err, -EINVAL, "'%s' is not a size such as 65536, 64K or 8M", text);
	unit = find_unit(units, sizeof(units) / sizeof(units[0]), end);
	if (!unit)
		return error_set(err, -EINVAL, "'%s' is not a size: its unit must be K, M or G",
				 text);
	if (!fits || __builtin_mul_overflow(number, unit->factor, &number))
		return error_set(err, -EINVAL, "'%s' is too large a size", text);
	*bytes = number;
	return 0;
}

/* "80" or "8000-8100"; returns what follows, NULL when it is neither. */
static const char *read_port_range(const char *text, uint64_t *low, uint64_t *high, bool *fits)
{
	const char *end = read_digits(text, low, fits);
	bool high_fits = true;

	*high = *low;
	if (end && *end == '-')
		end = read_digits(end + 1, high, &high_fits);
	*fits = *fits && high_fits;
	return end;
}

int parse_ports(const char *text, struct tw_port_range *ranges, uint32_t *count, struct error *err)
{
	uint32_t nr_ranges = *count;
	const char *at = text;

	for (;; at++) {
		uint64_t low, high;
		bool fits;

		at = read_port_range(at, &low, &high, &fits);
		if (!at || (*at && *at != ','))
			return error_set(err, -EINVAL,
					 "'%s' is not a list of ports such as 80,8000-8100", text);
		if (!fits || low < 1 || high > UINT16_MAX || low > UINT16_MAX)
			return error_set(err, -EINVAL, "'%s': ports are from 1 to 65535", text);
		if (low > high)
			return error_set(err, -EINVAL,
					 "'%s': the range %" PRIu64 "-%" PRIu64 " is backwards",
					 text, low, high);
		if (nr_ranges == TW_MAX_PORT_RANGES)
			return error_set(err, -EINVAL, "'%s': more than %d port ranges", text,
					 TW_MAX_PORT_RANGES);
		ranges[nr_ranges].low = (uint16_t)low;
		ranges[nr_ranges].high = (uint16_t)high;
		nr_ranges++;
		if (!*at)
			break;
	}
	*count = nr_ranges;
	return 0;
}

/* Reads an address of either family, IPv4 as IPv4-mapped; returns its bits, 0 if it is none. */
static uint32_t read_addr(const char *text, size_t len, uint8_t addr[static 16])
{
	char copy[INET6_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';

	memset(addr, 0, 16);
	if (inet_pton(AF_INET6, copy, addr) == 1)
		return 128;
	memset(addr, 0, 16);
	memset(addr + 10, 0xff, 2);
	return inet_pton(AF_INET, copy, addr + 12) == 1 ? 32 : 0;
}

static void mask_host_part(uint8_t addr[static 16], uint32_t bits)
{
	uint32_t i;

	for (i = 0; i < 16; i++) {
		uint32_t kept = bits < 8 ? bits : 8;

		addr[i] &= (uint8_t)(0xff00u >> kept);
		bits -= kept;
	}
}

int parse_cidr(const char *text, struct tw_cidr *cidr, struct error *err)
{
	const char *slash = strchrnul(text, '/');
	struct tw_cidr result;
	uint32_t width = read_addr(text, (size_t)(slash - text), result.addr);
	uint64_t bits = width;
	bool fits = true;

	if (!width)
		return error_set(err, -EINVAL,
				 "'%s' is not an address or network such as 10.0.0.0/8 or ::1",
				 text);
	if (*slash) {
		const char *end = read_digits(slash + 1, &bits, &fits);

		if (!end || *end || !fits || bits > width)
			return error_set(err, -EINVAL,
					 "'%s': the prefix length must be from 0 to %" PRIu32, text,
					 width);
	}
	result.bits = (uint32_t)bits + 128 - width;
	mask_host_part(result.addr, result.bits);
	*cidr = result;
	return 0;
}
