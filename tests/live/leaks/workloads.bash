# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The workloads of expected.txt, started and ended; lib.bash is loaded. They live in the
# namespaces `minute` and `before`, which share a `far` one: its servers are nobody's to watch
# here. To look at one by hand:
#
#   bash -c '. tests/live/lib.bash; . tests/live/leaks/workloads.bash; WORK=$(mktemp -d)
#	trap workloads_close EXIT; workloads_open; workload_start growth; wait_until workload_goes growth
#	in_ns minute bash'

LEAKS=${LEAKS:-${TRAFFIC%/*}/leaks}
EXPECTED=$LIVE/leaks/expected.txt
DEAD=10.77.0.99
FAR=10.77.0.2
BEFORE=(--rate 10 --stop-after 40)

# row WORKLOAD COLUMN: of the table, 1 is the name.
row() {
	awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$EXPECTED"
}

# workloads [RUN]: the names of all, or of those that RUN watches.
workloads() {
	awk -v run="${1:-}" '/^[a-z]/ && (run == "" || $2 == run) { print $1 }' "$EXPECTED"
}

# "WORKLOAD FILE:LINE" of every line that is marked.
leak_lines() {
	(cd "$LIVE/leaks" && grep -n '/\* LEAK ' ./*.c) |
		sed -E 's|^\./([^:]*:[0-9]+):.*/\* LEAK (.*) \*/.*|\1 \2|' |
		while read -r where names; do
			# shellcheck disable=SC2086 # words
			printf '%s\n' $names | sed "s/\$/ $where/"
		done
}

# ----------------------------------------------------------------------------- the place

# WORK is a folder of one's own.
workloads_open() {
	netns_pair minute far && netns_new before || return
	sweep_after "$$" "${NETNS[@]}" >/dev/null 2>&1 3>&- </dev/null &
	PIDS+=("$!")
	# it has a neighbour for whom no packet ever is
	ip -n "$(ns minute)" neigh add "$DEAD" lladdr 02:00:00:00:00:99 dev veth0 nud permanent
	mkdir -p "$WORK/bin"
}

# sweep_after PID NAMESPACE...: a bats that is killed runs no teardown. The processes end with
# it by themselves, namespaces do not.
sweep_after() {
	local pid=$1 name

	shift
	tail --pid="$pid" -f /dev/null
	for name; do
		ip netns del "$name"
	done
}

# lacks WORKLOAD: what it needs and is not here; nothing where all is.
lacks() {
	case $1 in
	nginx-*) command -v nginx >/dev/null || echo nginx ;;
	haproxy-*) command -v haproxy >/dev/null || echo haproxy ;;
	redis-*) [[ $(redis_program) ]] || echo redis-server ;;
	py-*) [[ -x /usr/bin/python3 ]] || echo python3 ;;
	esac
}

# Debian's redis-tools bring the server too, by another name.
redis_program() {
	command -v redis-server || command -v redis-check-rdb
}

# Ends all there is.
workloads_close() {
	live_teardown || true
	# shellcheck disable=SC2034 # lib.bash's
	PIDS=() NETNS=()
}

# ------------------------------------------------------------------------- the processes

# workload_run WORKLOAD COMMAND...: in the background and in its namespace; ends with this shell.
workload_run() {
	local name=$1

	shift
	ip netns exec "$(ns "$(row "$name" 2)")" setpriv --pdeathsig KILL "$@" \
		>>"$WORK/$name.out" 2>>"$WORK/$name.err" 3>&- </dev/null &
	PIDS+=("$!")
	echo "$!" >>"$WORK/$name.pids"
}

# program_as COMM PROGRAM: a path by which it runs under that name.
program_as() {
	ln -sfn "$(realpath "$(command -v "$2")")" "$WORK/bin/$1"
	echo "$WORK/bin/$1"
}

# Those of this folder; what stands in front of them, or behind, comes first.
workload_start() {
	local name=$1 port

	port=$(row "$name" 3)
	: >"$WORK/$name.out"
	case $name in
	nginx-off) start_nginx "$name" "$port" '' ;;
	nginx-on) start_nginx "$name" "$port" 'keepalive 16;' ;;
	haproxy-ok) start_haproxy "$name" "$port" 'mode http' 'http-reuse always' ;;
	haproxy-lk) start_haproxy "$name" "$port" 'mode http' 'option http-server-close' ;;
	haproxy-tcp) start_haproxy "$name" "$port" 'mode tcp' ;;
	redis-*) start_redis "$name" "$port" || return ;;
	py-client)
		start_python "$name" "$port"
		return
		;;
	*-before)
		workload_run "$name" "$LEAKS" "${name%-before}" --port "$port" "${BEFORE[@]}"
		return
		;;
	esac
	workload_run "$name" "$LEAKS" "$name" --port "$port" --dead "$DEAD" \
		--far "$FAR" --far-netns "$(ns_path far)"
}

workload_goes() {
	grep -qsx ready "$WORK/$1.out"
}

port_is_open() {
	[[ $(in_ns minute ss -Hltn "sport = :$1") ]]
}

# HTTP 1.1 towards the backend, as one must ask for; without `keepalive` still one request each.
start_nginx() {
	local name=$1 port=$2 keepalive=$3 dir=$WORK/$1

	mkdir -p "$dir"
	cat >"$dir/conf" <<-END
		daemon off;
		master_process off;
		user root;
		pid $dir/pid;
		error_log stderr;
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $dir;
			proxy_temp_path $dir;
			fastcgi_temp_path $dir;
			uwsgi_temp_path $dir;
			scgi_temp_path $dir;
			upstream backend { server 127.0.0.1:$port; $keepalive }
			server {
				listen 127.0.0.1:$((port + 1));
				location / {
					proxy_pass http://backend;
					proxy_http_version 1.1;
					proxy_set_header Connection "";
				}
			}
		}
	END
	workload_run "$name" "$(program_as "$name" nginx)" -p "$dir" -c "$dir/conf" -e stderr
}

start_haproxy() {
	local name=$1 port=$2 mode=$3 option=${4:-}

	cat >"$WORK/$name.conf" <<-END
		global
			nbthread 1
			maxconn 200
		defaults
			timeout connect 5s
			timeout client 5m
			timeout server 5m
		frontend front
			$mode
			bind 127.0.0.1:$((port + 1))
			default_backend back
		backend back
			$mode
			$option
			server only 127.0.0.1:$port
	END
	workload_run "$name" "$(program_as "$name" haproxy)" -db -f "$WORK/$name.conf"
}

start_redis() {
	local name=$1 port=$2 dir=$WORK/$1

	mkdir -p "$dir"
	workload_run "$name" "$(program_as "$name" "$(redis_program)")" --bind 127.0.0.1 \
		--port "$port" --save '' --dir "$dir" --daemonize no
	wait_until port_is_open "$port"
}

start_python() {
	local name=$1 port=$2

	mkdir -p "$WORK/empty"
	workload_run "$name" "$(program_as py-httpd /usr/bin/python3)" -m http.server \
		--bind 127.0.0.1 --directory "$WORK/empty" "$port"
	wait_until port_is_open "$port" || return
	workload_run "$name" /usr/bin/python3 "$LIVE/leaks/leaky_client.py" "$port" 3
}

# ----------------------------------------------------------------------------- the judge

# complaints_of STACKS MINUTE BEFORE LATER: see judge.jq.
complaints_of() {
	leak_lines >"$WORK/lines"
	jq -rn -f "$LIVE/leaks/judge.jq" --rawfile table "$EXPECTED" --rawfile lines "$WORK/lines" \
		--arg stacks "$1" --slurpfile minute "$2" --slurpfile before "$3" \
		--slurpfile later "$4" 2>&1
}
