#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""supervisor.py SOCKET: prints what is sent there, a line a datagram, until it is ended."""
import socket
import sys

name = sys.argv[1]
hears = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
hears.bind("\0" + name[1:] if name[0] == "@" else name)
print("listening", flush=True)
while True:
    print(hears.recv(4096).decode().replace("\n", " "), flush=True)
