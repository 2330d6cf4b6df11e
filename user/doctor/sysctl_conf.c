// SPDX-License-Identifier: GPL-2.0-or-later
/* Which proposals become lines: the first word on a sysctl is that of the worst finding. */
#include "doctor/sysctl_conf.h"

#include <string.h>

static bool has(const struct conf_line *lines, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(lines[i].setting->name, name))
			return true;
	return false;
}

/* So many of its places are namespaces that a file reaches. */
static unsigned int of_host(const struct finding *finding)
{
	unsigned int count = 0;

	if (finding->of_host)
		return finding->nr_places;
	for (unsigned int i = 0; i < finding->nr_places && i < MAX_PLACES; i++)
		count += finding->places[i].is_host;
	return count;
}

size_t sysctl_conf(const struct diagnosis *diagnosis, struct conf_line *lines, size_t room,
		   size_t *elsewhere)
{
	size_t count = 0;

	*elsewhere = 0;
	for (size_t i = 0; i < diagnosis->nr_findings; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		for (unsigned int j = 0; j < finding->nr_settings; j++) {
			const struct setting *setting = &finding->settings[j];

			*elsewhere += finding->nr_places - of_host(finding);
			if (!of_host(finding) || count == room ||
			    !strcmp(setting->value, setting->was) ||
			    has(lines, count, setting->name))
				continue;
			lines[count++] = (struct conf_line){ setting, finding };
		}
	}
	return count;
}
