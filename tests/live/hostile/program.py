#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
program.py NAME PORT COUNT: a process of that name (prctl(2), 15 bytes) that connects to itself so
often and closes first; the other ends it keeps. "up" when that is done, until standard input ends.
"""
import ctypes
import os
import socket
import sys

PR_SET_NAME = 15
name, port, count = os.fsencode(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
ctypes.CDLL(None).prctl(PR_SET_NAME, name, 0, 0, 0)
listener = socket.create_server(("127.0.0.1", port), backlog=count)
kept = []
for _ in range(count):
    client = socket.create_connection(("127.0.0.1", port))
    kept.append(listener.accept()[0])
    client.close()
    kept[-1].recv(1)
# half of them are closed too, so that TIME_WAIT comes
for server in kept[::2]:
    server.close()
print("up", flush=True)
sys.stdin.read()
