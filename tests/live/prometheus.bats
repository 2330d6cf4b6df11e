#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The real Prometheus asks `twtrace serve` while there is load: what it has afterwards is what
# the generator did, to the unit, and a leak fires the alert of contrib/prometheus.

bats_require_minimum_version 1.5.0
load lib

LEAKS=${LEAKS:-$ROOT/build/tests/leaks}
CONTRIB=$ROOT/contrib/prometheus
COUNT=${COUNT:-5000}
# on a loaded machine evaluation may be late
PATIENCE=120

setup_file() {
	need_traffic
}

setup() {
	live_setup
	need_command prometheus
	need_command curl
	probe_trace
}

teardown() {
	live_teardown
}

# ---------------------------------------------------------------------------- the two

# Of the namespace `t` only; where it listens is in SERVED.
start_serve() {
	start_here serve --listen 127.0.0.1:0
	SERVED=$(sed -nE 's|.*listening on http://([0-9.:]+)/.*|\1|p' "$ERRORS")
	[[ $SERVED ]]
}

# start_prometheus: asks SERVED twice a second; the rules of contrib/prometheus wait for a
# second instead of minutes. Where it listens is in PROMETHEUS.
start_prometheus() {
	local dir=$BATS_TEST_TMPDIR/prometheus

	mkdir -p "$dir"
	sed -E 's/^( *for:) .*/\1 1s/' "$CONTRIB/alerts.yml" >"$dir/alerts.yml"
	cp "$CONTRIB/rules.yml" "$dir"
	sed -E "s/^( *scrape_interval:).*/\1 500ms/; s/^( *evaluation_interval:).*/\1 1s/
		s/localhost:9435/$SERVED/" "$CONTRIB/prometheus.yml" >"$dir/prometheus.yml"
	prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" \
		--web.listen-address=127.0.0.1:0 >"$dir/log" 2>&1 3>&- </dev/null &
	PROMETHEUS_PID=$!
	PIDS+=("$PROMETHEUS_PID")
	WAIT=$PATIENCE wait_until prometheus_listens "$dir/log"
	PROMETHEUS=$(prometheus_listens "$dir/log")
	WAIT=$PATIENCE wait_until is 'up{job="twtrace"}' 1
}

prometheus_listens() {
	sed -nE 's/.*msg="Listening on" address=(127\.[0-9.:]+).*/\1/p' "$1" | grep .
}

# query PROMQL: its values, one a line.
query() {
	local answer

	answer=$(curl -sf --get "http://$PROMETHEUS/api/v1/query" --data-urlencode "query=$1") || return
	jq -r '.data.result[].value[1]' <<<"$answer"
}

is() {
	[[ $(query "$1") == "$2" ]]
}

# comes_to PROMQL VALUE: at the next scrapes, or it is told what it is instead.
comes_to() {
	WAIT=$PATIENCE wait_until is "$1" "$2" || fail "$1 is $(query "$1" | tr '\n' ' '), not $2"
}

# The dashboard's queries, those of its first row first.
dashboard() {
	jq -r '.panels[] | .targets[]?.expr | gsub("\\$__rate_interval"; "1m") | gsub("\\$instance"; ".*")' \
		"$ROOT/contrib/grafana/twtrace.json"
}

fires() {
	curl -sf "http://$PROMETHEUS/api/v1/alerts" |
		jq -e --arg name "$1" 'any(.data.alerts[]; .labels.alertname == $name and .state == "firing")' >/dev/null
}

# ------------------------------------------------------------------------------- tests

@test "what Prometheus has counted is what the generator did, to the unit" {
	local port accepted connected rest addr connections name

	start_serve
	start_prometheus
	traffic client_first --family 4 --server 127.77.0.1 --hosts 4 --ports 4 --count "$COUNT" --port 7100
	while read -r port accepted connected; do
		rest="port=\"$port\",role=\"server\"}"
		comes_to "sum(twtrace_connections_opened_total{$rest)" "$accepted"
		comes_to "sum(twtrace_connections_closed_total{$rest)" "$accepted"
		comes_to "sum(twtrace_connections_closed_first_total{$rest)" 0
		rest="port=\"$port\",role=\"client\"}"
		comes_to "sum(twtrace_connections_opened_total{$rest)" "$connected"
		comes_to "sum(twtrace_connections_closed_total{$rest)" "$connected"
		comes_to "sum(twtrace_connections_closed_first_total{$rest)" "$connected"
		comes_to "sum(twtrace_time_wait_entered_total{$rest)" "$connected"
	done < <(truth '.counts.ports[] | "\(.port) \(.accepted) \(.connected)"')
	while read -r addr connections connected; do
		comes_to "twtrace_remote_connections_opened_total{remote=\"$addr\"}" "$connections"
		comes_to "twtrace_remote_time_wait_entered_total{remote=\"$addr\"}" "$connected"
	done < <(truth '.counts.remotes[] | "\(.addr) \(.connected + .accepted) \(.connected)"')
	comes_to 'sum(twtrace_connections_opened_total)' $((2 * COUNT))
	comes_to 'sum(twtrace_remote_connections_opened_total)' $((2 * COUNT))
	comes_to 'sum(twtrace_time_wait_entered_total)' "$(truth .mib_client.TW)"
	# the dashboard shows something: all of its queries are answered, the first ones with figures
	while read -r rest; do
		query "$rest" >"$BATS_TEST_TMPDIR/answer"
		[[ -s $BATS_TEST_TMPDIR/answer ]] || fail "no answer to $rest"
	done < <(dashboard | head -4)
	while read -r rest; do
		query "$rest" >/dev/null || fail "cannot be answered: $rest"
	done < <(dashboard)
	# none has ever gone back
	for name in connections_opened connections_closed time_wait_entered remote_connections_opened; do
		expect "resets of $name" "$(query "sum(resets(twtrace_${name}_total[1h]))")" 0
	done
	expect "hosts that answer" "$(query 'min_over_time(up{job="twtrace"}[1h])')" 1
}

@test "what the server says of itself is in docs/metrics.md too" {
	start_serve
	curl -sf "http://$SERVED/metrics" >"$BATS_TEST_TMPDIR/text"
	promtool check metrics <"$BATS_TEST_TMPDIR/text"
	/usr/bin/python3 -B "$ROOT/tests/cli/metrics/check.py" docs "$ROOT/docs/metrics.md" \
		"$BATS_TEST_TMPDIR/text"
}

@test "a leak, and a listener that accepts nothing, fire their alerts" {
	local name

	[[ -x $LEAKS ]] || skip "there is no $LEAKS"
	netns_new t
	start_serve
	start_prometheus
	run ! fires TwtraceLeak
	for name in closewait:7300 acceptq:7400; do
		ip netns exec "$(ns t)" setpriv --pdeathsig KILL "$LEAKS" "${name%:*}" \
			--port "${name#*:}" >/dev/null 2>&1 3>&- </dev/null &
		PIDS+=("$!")
	done
	WAIT=$PATIENCE wait_until fires TwtraceAcceptQueueFull
	WAIT=$PATIENCE wait_until fires TwtraceListenOverflows
	WAIT=$PATIENCE wait_until fires TwtraceLeak
	comes_to 'count(twtrace_leaks{level="leak",kind="close_wait",service="lk-closewait"})' 1
	curl -sf "http://$PROMETHEUS/api/v1/alerts" >"$BATS_TEST_TMPDIR/alerts"
	jq -e '.data.alerts | map(select(.labels.service == "lk-closewait"))[0].annotations.summary
		| startswith("lk-closewait on 127.0.0.1:")' "$BATS_TEST_TMPDIR/alerts"
	# innocent ones have none
	jq -e 'all(.data.alerts[]; .labels.service // "lk-" | startswith("lk-"))' "$BATS_TEST_TMPDIR/alerts"
	kill -INT "$TWTRACE_PID"
	WAIT=$PATIENCE wait_until fires TwtraceDown
}
