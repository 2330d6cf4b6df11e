# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks a server for a page again and again and keeps the responses, unread and never closed."""
import http.client
import sys
import time

port, rate = int(sys.argv[1]), float(sys.argv[2])
kept = []


def ask_and_keep():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/")  # LEAK py-client
    kept.append(connection.getresponse())


while True:
    ask_and_keep()
    if len(kept) == 1:
        print("ready", flush=True)
    time.sleep(1 / rate)
