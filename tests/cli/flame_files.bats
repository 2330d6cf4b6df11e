#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where `twtrace flame --write` and `--push` put what they draw, from recordings: what is
# replaced, what is left alone, and what is said. Needs no privilege.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	RECORDING=$PWD/tests/golden/leaks/recording
	work=$BATS_TEST_TMPDIR
	PIDS=()
}

teardown() {
	local pid

	for pid in "${PIDS[@]}"; do
		kill "$pid"
		wait "$pid" || true
	done
}

# flame ARGS...: from the recording; it must not hang
flame() {
	timeout 60 "$TWTRACE" flame -i "$RECORDING" --by state "$@"
}

# refused PATH TEXT: is not written, with that said
refused() {
	run -1 flame --write "$1"
	[[ $output == *"$2"* ]] || { echo "--write $1: $output"; return 1; }
}

@test "what is no plain file is left alone" {
	mkfifo "$work/fifo"
	mkdir "$work/folder"
	ln -s fifo "$work/to-fifo"
	ln -s nothing "$work/to-nothing"
	ln -s loop "$work/loop"
	refused "$work/fifo" "'$work/fifo' is no plain file"
	refused "$work/folder" "'$work/folder' is no plain file"
	refused "$work/to-fifo" "'$work/to-fifo' is no plain file"
	refused "$work/to-nothing" "'$work/to-nothing' is a link to nothing"
	refused "$work/loop" "cannot write '$work/loop': Too many levels of symbolic links"
	[[ -p $work/fifo && -d $work/folder && -L $work/to-fifo && -L $work/to-nothing ]]
	[[ ! -e $work/nothing && $(find "$work" -mindepth 1 | wc -l) == 5 ]]
}

@test "a device is left alone" {
	mknod "$work/null" c 1 3 2>/dev/null || skip "needs root, and devices in $work"
	refused "$work/null" "'$work/null' is no plain file"
	[[ -c $work/null ]]
}

@test "of a link the file behind it is replaced, which keeps its mode" {
	mkdir "$work/there"
	echo before >"$work/there/file"
	chmod 640 "$work/there/file"
	ln -s there/file "$work/link"
	flame --write "$work/link" 2>"$work/err"
	[[ -L $work/link && $(readlink "$work/link") == there/file ]]
	grep -q '^[A-Z_]* [0-9]*$' "$work/there/file"
	[[ $(stat -c %a "$work/there/file") == 640 ]]
	[[ $(<"$work/err") == *": 1 summary written into '$work/link'" ]]
	(umask 027 && flame --write "$work/new" 2>/dev/null)
	[[ $(stat -c %a "$work/new") == 640 ]]
	(umask 002 && flame --write "$work/newer" 2>/dev/null)
	[[ $(stat -c %a "$work/newer") == 644 ]]
}

@test "nothing that has been left beside it gets in the way, and nothing is left" {
	mkfifo "$work/x.part"
	flame --write "$work/x" 2>/dev/null
	[[ -s $work/x && -p $work/x.part ]]
	# 255 bytes are the most that a name has
	flame --write "$work/$(printf '%0255d' 1)" 2>/dev/null
	[[ -s $work/$(printf '%0255d' 1) ]]
	refused "$work/$(printf '%0256d' 1)" "File name too long"
	[[ $(find "$work" -mindepth 1 | wc -l) == 3 ]]
}

@test "folders are looked at before anything is read, unless the time is in their names" {
	mkdir "$work/2026"
	: >"$work/file"
	flame --write "$work/%Y/x" 2>/dev/null
	[[ -s $work/2026/x ]]
	refused "$work/nowhere/x" "cannot write '$work/nowhere/x': No such file or directory"
	refused "$work/file/x" "cannot write '$work/file/x': Not a directory"
	refused "$work/no%Y/x" "cannot write '$work/no2026/x': No such file or directory"
	# at once: there is nothing to be read
	run -1 timeout 20 "$TWTRACE" flame -i "$work/none" --write "$work/nowhere/x"
	[[ $output == *"cannot write '$work/nowhere/x': No such file or directory"* && $output != *none* ]]
}

@test "a folder that can't be written is told" {
	[[ $(id -u) != 0 ]] || skip "root can write everywhere"
	mkdir -m 555 "$work/closed"
	refused "$work/closed/x" "cannot write '$work/closed/x': Permission denied"
}

@test "numbered names come in their order" {
	cd "$work"
	flame --interval 1s --write '%Y.pb.gz' -o pprof 2>"$work/err"
	find . -name '*.pb.gz' -printf '%f\n' | LC_ALL=C sort >"$work/names"
	[[ $(head -n 3 "$work/names" | xargs) == "2026.pb.gz 2026_002.pb.gz 2026_003.pb.gz" ]]
	(($(wc -l <"$work/names") > 10))
	# the last one is the one that was written last
	[[ $(<"$work/err") == *": $(wc -l <"$work/names") summaries written, the last one into '$(tail -n 1 "$work/names")'" ]]
}

@test "what can't be a place is refused in words" {
	local words said

	while IFS='|' read -r words said; do
		# shellcheck disable=SC2086 # words of the table
		run -2 flame $words
		[[ $output == *"$said"* ]] || { echo "flame $words: $output"; return 1; }
	done <<-'END'
		--write -|standard output is where it goes without --write
		--push http://|'http://' names no host
		--push http:///x|'http:///x' names no host
		--push http://:80|'http://:80' names no host
		--push http://a:b@/x|'http://a:b@/x' names no host
		--push http://a/?x=1|'http://a/?x=1': the URL takes no query
		--push https://a#x|'https://a#x': the URL takes no query
		--push http://a --push-label 1x=1|'1x=1' is no label
		--push http://a --push-label x|'x' is no label
		--push http://a --push-label x=|'x=' is no label
		--push http://a --push-label =x|'=x' is no label
	END
}

# start_server SECONDS: takes so long for each push, and keeps their paths
start_server() {
	command -v python3 >/dev/null || skip "needs python3"
	python3 - "$work" "$1" 3>&- <<-'END' &
		import http.server, os, sys, time

		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        self.rfile.read(int(self.headers["Content-Length"]))
		        time.sleep(float(sys.argv[2]))
		        with open(sys.argv[1] + "/pushes", "a") as pushes:
		            pushes.write(self.path + "\n")
		        self.send_response(200)
		        self.end_headers()

		    def log_message(self, *_):
		        pass

		server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
		with open(sys.argv[1] + "/port.new", "w") as port:
		    port.write(str(server.server_address[1]))
		os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
		server.serve_forever()
	END
	PIDS+=("$!")
	until [[ -s $work/port ]]; do
		kill -0 "$!"
		sleep 0.05
	done
	server=127.0.0.1:$(<"$work/port")
}

@test "of a recording nothing is lost to a slow server" {
	local count

	start_server 0.1
	flame --interval 1s --push "http://me:secret@$server/" 2>"$work/err"
	count=$(wc -l <"$work/pushes")
	((count > 30)) # more than may wait live
	[[ $(sort -u "$work/pushes") == /push.v1.PusherService/Push ]]
	[[ $(<"$work/err") == *": $count summaries pushed to http://$server" ]]
}

@test "a URL that is whole is taken as it is" {
	start_server 0
	flame --push "http://$server/a/push.v1.PusherService/Push" 2>"$work/err"
	[[ $(<"$work/pushes") == /a/push.v1.PusherService/Push ]]
	[[ $(<"$work/err") == *": 1 summary pushed to http://$server/a" ]]
}
