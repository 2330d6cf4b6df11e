#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""requests.py RATE COUNT [destinations=N] [keepalive=N] [close_first=server] [hold=S] [bind=1|2]

So many requests at a steady rate, each when it is due whatever became of those before it: an
open loop. A connection serves one of them, or so many, and is closed HOLD seconds after the
last by the client, or by the server. bind: every second connection is bound to port 0 first,
with 2 under IP_BIND_ADDRESS_NO_PORT. Prints what came of it as one line of JSON.
"""
import errno
import heapq
import json
import os
import select
import signal
import socket
import sys
import time

PORT = 7400
HOST = "127.0.0.1"
IP_BIND_ADDRESS_NO_PORT = 24
QUIT = b"q"


def serve(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    clients = {}
    while True:
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                client, _ = listener.accept()
                clients[client.fileno()] = client
                poll.register(client, select.POLLIN)
                continue
            try:
                data = clients[fd].recv(16)
            except OSError:
                data = b""
            # told to, it closes first
            if not data or data == QUIT:
                poll.unregister(fd)
                clients.pop(fd).close()


def start_servers(count):
    children = []
    for i in range(count):
        listener = socket.create_server((HOST, PORT + i), backlog=1024)
        pid = os.fork()
        if not pid:
            serve(listener)
        listener.close()
        children.append(pid)
    return children


def connect(number, options):
    sock = socket.socket()
    try:
        if options["bind"] and number % 2 == 0:
            if options["bind"] == 2:
                sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((HOST, 0))
        sock.connect((HOST, PORT + number % options["destinations"]))
    except OSError:
        sock.close()
        raise
    return sock


def finish(sock, options):
    if options["close_first"] == "server":
        sock.send(QUIT)
        sock.recv(1)
    sock.close()


def request(number, at, state, options, counts):
    """One request over the connection that there is, or over a new one."""
    if not state["sock"]:
        try:
            state["sock"] = connect(number, options)
        except OSError as error:
            counts[errno.errorcode[error.errno]] = counts.get(errno.errorcode[error.errno], 0) + 1
            return
        counts["opened"] += 1
    state["served"] += 1
    if state["served"] == options["keepalive"]:
        heapq.heappush(state["ending"], (at + options["hold"], number, state["sock"]))
        state["sock"], state["served"] = None, 0


def play(rate, count, options):
    counts = {"opened": 0, "EADDRNOTAVAIL": 0}
    state = {"sock": None, "served": 0, "ending": []}
    ending, begin, number = state["ending"], time.monotonic(), 0
    while number < count or ending:
        due = number / rate if number < count else float("inf")
        ends = ending[0][0] if ending else float("inf")
        time.sleep(max(0.0, begin + min(due, ends) - time.monotonic()))
        if ends <= due:
            finish(heapq.heappop(ending)[2], options)
        else:
            request(number, due, state, options, counts)
            number += 1
    return counts


def main():
    options = {"destinations": 1, "keepalive": 1, "close_first": "client", "hold": 0.01, "bind": 0}
    for word in sys.argv[3:]:
        name, value = word.split("=")
        options[name] = type(options[name])(value)
    children = start_servers(options["destinations"])
    try:
        print(json.dumps(play(float(sys.argv[1]), int(sys.argv[2]), options)))
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


main()
