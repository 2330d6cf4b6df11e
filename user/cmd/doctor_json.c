// SPDX-License-Identifier: GPL-2.0-or-later
/* `doctor -o json` and `doctor --check -o json`: docs/schema has their fields. */
#include "base/json.h"
#include "base/text.h"
#include "cmd/doctor_view.h"

static void add_time(struct json *json, const char *key, uint64_t realtime_ns)
{
	char text[TIME_TEXT_LEN];

	json_add_text(json, key, realtime_ns ? text_time(realtime_ns, text) : NULL);
}

static struct json *places_of(const struct finding *finding)
{
	struct json *array = json_array();

	for (unsigned int i = 0; i < finding->nr_places && i < MAX_PLACES; i++) {
		const struct finding_place *place = &finding->places[i];
		struct json *child = json_object();

		if (place->netns_ino)
			json_add_u64(child, "ino", place->netns_ino);
		else
			json_add_null(child, "ino");
		json_add_text(child, "name", place->netns_name);
		json_add_text(child, "command", place->command[0] ? place->command : NULL);
		json_add(array, NULL, child);
	}
	return array;
}

static struct json *proofs_of(const struct finding *finding)
{
	struct json *array = json_array();

	for (unsigned int i = 0; i < finding->nr_proofs; i++) {
		struct json *child = json_object();

		json_add_text(child, "what", finding->proofs[i].what);
		if (finding->proofs[i].text[0])
			json_add_text(child, "value", finding->proofs[i].text);
		else
			json_add_double(child, "value", finding->proofs[i].number);
		json_add(array, NULL, child);
	}
	return array;
}

static struct json *settings_of(const struct finding *finding)
{
	struct json *array = json_array();

	for (unsigned int i = 0; i < finding->nr_settings; i++) {
		const struct setting *setting = &finding->settings[i];
		struct json *child = json_object();

		json_add_text(child, "name", setting->name);
		json_add_text(child, "value", setting->value);
		json_add_text(child, "was", setting->was);
		json_add(array, NULL, child);
	}
	return array;
}

static struct json *finding_new(const struct finding *finding)
{
	struct json *json = json_object();

	json_add_text(json, "id", finding->id);
	json_add_text(json, "severity", severity_name(finding->severity));
	json_add_text(json, "sentence", finding->sentence);
	json_add(json, "evidence", proofs_of(finding));
	json_add_text(json, "todo", finding->todo);
	json_add_text(json, "cost", finding->cost);
	json_add_text(json, "command",
		      finding->places[0].command[0] ? finding->places[0].command : NULL);
	json_add(json, "settings", settings_of(finding));
	/* of all namespaces at once: none */
	if (finding->of_host)
		json_add_null(json, "netns");
	else
		json_add(json, "netns", places_of(finding));
	json_add_u64(json, "namespaces", finding->of_host ? 0 : finding->nr_places);
	return json;
}

static void add_findings(struct json *json, const struct diagnosis *diagnosis)
{
	struct json *findings = json_array(), *unjudged = json_array();

	for (size_t i = 0; i < diagnosis->nr_findings; i++)
		json_add(findings, NULL, finding_new(&diagnosis->findings[i]));
	json_add(json, "findings", findings);
	for (size_t i = 0; i < diagnosis->nr_unjudged; i++) {
		struct json *child = json_object();

		json_add_text(child, "rule", diagnosis->unjudged[i].id);
		json_add_text(child, "reason", diagnosis->unjudged[i].reason);
		json_add(unjudged, NULL, child);
	}
	json_add(json, "unjudged", unjudged);
}

enum counters_since doctor_counters_since(const struct doctor_view *view)
{
	enum counters_since since = COUNTERS_UNKNOWN;

	for (size_t i = 0; i < view->chart->nr_sites; i++) {
		if (view->chart->sites[i].before)
			return COUNTERS_OF_WINDOW;
		if (view->chart->sites[i].now[0])
			since = COUNTERS_SINCE_BOOT;
	}
	return since;
}

static void add_window(struct json *json, const struct doctor_view *view)
{
	static const char *const names[] = {
		[COUNTERS_SINCE_BOOT] = "boot",
		[COUNTERS_OF_WINDOW] = "window",
	};
	const struct site *site = chart_main_site(view->chart);

	json_add_text(json, "counters_since", names[doctor_counters_since(view)]);
	if (site && site->before && site->window_s > 0)
		json_add_double(json, "window_s", site->window_s);
	else
		json_add_null(json, "window_s");
}

static void add_head(struct json *json, const struct doctor_view *view)
{
	const struct site *site = chart_main_site(view->chart);
	char kernel[64] = "";

	json_add_text(json, "host", view->host);
	if (site)
		site_kernel(site, kernel, sizeof(kernel));
	json_add_text(json, "kernel", kernel[0] ? kernel : NULL);
}

struct json *doctor_findings_json(const struct doctor_view *view)
{
	struct json *json = json_object();

	add_head(json, view);
	add_time(json, "from", view->from_ns);
	add_time(json, "to", view->to_ns);
	json_add_text(json, "evidence",
		      view->chart->traced ? evidence_name(view->chart->evidence) : NULL);
	json_add_text(json, "missing", view->missing);
	add_window(json, view);
	add_findings(json, view->diagnosis);
	return json;
}

void doctor_print_json(const struct doctor_view *view)
{
	struct json *json = doctor_findings_json(view), *advice = json_array();

	for (size_t i = 0; i < view->nr_advice; i++) {
		struct json *child = json_object();

		json_add_text(child, "setting", view->advice[i].setting);
		json_add_text(child, "tip", view->advice[i].tip);
		json_add_text(child, "verdict", opinion_name(view->advice[i].verdict));
		json_add_text(child, "reason", view->advice[i].reason);
		json_add(advice, NULL, child);
	}
	json_add(json, "advice", advice);
	json_write_pretty(json, view->out);
	json_free(json);
}

void doctor_print_check_json(const struct doctor_view *view, const struct check *check)
{
	struct json *json = json_object(), *lines = json_array();

	add_head(json, view);
	for (size_t i = 0; i < check->count; i++) {
		const struct checked *row = &check->rows[i];
		struct json *child = json_object();

		json_add_u64(child, "line", row->line);
		json_add_text(child, "text", row->text);
		json_add_text(child, "setting", row->setting);
		json_add_text(child, "value", row->value);
		json_add_text(child, "verdict", opinion_name(row->verdict));
		json_add_text(child, "reason", row->reason);
		if (row->meant)
			json_add_text(child, "meant", row->meant);
		json_add(lines, NULL, child);
	}
	json_add(json, "lines", lines);
	json_write_pretty(json, view->out);
	json_free(json);
}
