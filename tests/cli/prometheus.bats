#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# contrib/prometheus by promtool, and that rules and dashboard ask for what there is.

bats_require_minimum_version 1.5.0

PYTHON=/usr/bin/python3

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	command -v promtool >/dev/null || skip "needs promtool (prometheus)"
	RULES=contrib/prometheus
	DASHBOARD=contrib/grafana/twtrace.json
	work=$BATS_TEST_TMPDIR
}

@test "the scrape configuration is one, with its rules beside it" {
	promtool check config "$RULES/prometheus.yml"
}

@test "recording and alerting rules are valid" {
	promtool check rules "$RULES/rules.yml" "$RULES/alerts.yml"
}

@test "each alert fires where it should and nowhere else" {
	cd "$RULES"
	promtool test rules tests.yml
	diff <(sed -n 's/^ *- alert: //p' alerts.yml | sort) \
		<(sed -n 's/^ *alertname: //p' tests.yml | sort -u)
}

@test "an alert that has another threshold is noticed" {
	cp "$RULES"/*.yml "$work"
	sed -i 's/>= 0.5/>= 0.4/' "$work/alerts.yml"
	cd "$work"
	run ! promtool test rules tests.yml
}

@test "every alert says what is the matter and what to do, and how grave it is" {
	[[ $(grep -c '^ *- alert:' "$RULES/alerts.yml") == $(grep -c '^ *summary:' "$RULES/alerts.yml") ]]
	[[ $(grep -c '^ *- alert:' "$RULES/alerts.yml") == $(grep -c '^ *description:' "$RULES/alerts.yml") ]]
	[[ $(grep -c '^ *- alert:' "$RULES/alerts.yml") == $(grep -c '^ *severity: \(warning\|critical\)$' "$RULES/alerts.yml") ]]
}

@test "rules and dashboard ask for metrics and labels that there are" {
	"$PYTHON" -B tests/cli/metrics/check.py queries docs/metrics.md \
		"$RULES/rules.yml" "$RULES/alerts.yml" "$DASHBOARD"
}

@test "the dashboard's queries are PromQL, and its panels lie beside each other" {
	"$PYTHON" -B tests/cli/metrics/check.py expressions "$DASHBOARD" >"$work/rules.yml"
	promtool check rules "$work/rules.yml"
	jq -e '.schemaVersion >= 36 and .uid == "twtrace"
		and ([.panels[].id] | length == (unique | length))
		and ([.panels[] | .gridPos | range(.x; .x + .w) as $x | range(.y; .y + .h) as $y
			| [$x, $y]] | length == (unique | length))
		and all(.panels[].gridPos; .x + .w <= 24)
		and ([.panels[] | select(.type == "row") | .title] == ["Overview", "TIME_WAIT", "Leaks",
			"Port budgets", "Failures", "twtrace itself"])
		and all(.panels[] | select(.type != "row"); .datasource.uid == "${datasource}")' "$DASHBOARD"
}
