#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""steady.py RATE COUNT [DESTINATIONS [BIND]]: connects over loopback, RATE times a second.

The client closes first, so that it keeps the TIME_WAIT. With BIND it binds an address and
port 0 before, for the first destination alone. Says what came of it as one line of JSON.
"""
import errno
import json
import os
import select
import socket
import sys
import threading
import time


FIRST_PORT = 7300  # in no range that a test sets


def listen(count):
    sockets = []
    for number in range(count):
        sock = socket.socket()
        sock.bind(("127.0.0.1", FIRST_PORT + number))
        sock.listen(128)
        sockets.append(sock)
    return sockets


def serve(sockets, served):
    while True:
        for sock in select.select(sockets, [], [])[0]:
            peer, _ = sock.accept()
            peer.recv(1)
            peer.close()
            served.release()


def connect(port, bind):
    with socket.socket() as sock:
        try:
            if bind:
                sock.bind(("127.0.0.1", 0))
            sock.connect(("127.0.0.1", port))
        except OSError as error:
            return errno.errorcode[error.errno]
    return None


def main():
    rate, count = float(sys.argv[1]), int(sys.argv[2])
    destinations = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    bind = len(sys.argv) > 4
    sockets = listen(destinations)
    served = threading.Semaphore(0)
    threading.Thread(target=serve, args=(sockets, served), daemon=True).start()
    ports = [sock.getsockname()[1] for sock in sockets]
    result = {"pid": os.getpid(), "opened": 0, "first_failure": None}
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0, begin + number / rate - time.monotonic()))
        error = connect(ports[number % destinations], bind and number % destinations == 0)
        if error is None:
            result["opened"] += 1
            continue
        result[error] = result.get(error, 0) + 1
        if result["first_failure"] is None:
            result["first_failure"] = time.time()
    # a listener that closes resets who has not been accepted
    for _ in range(result["opened"]):
        served.acquire(timeout=10)
    print(json.dumps(result), flush=True)


main()
