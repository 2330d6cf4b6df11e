#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bind_again.py PORT COUNT [RATE]: asks COUNT times for a port that is taken, RATE times a second.

Says as one line of JSON how often that failed.
"""
import errno
import json
import os
import socket
import sys
import time

port, count = int(sys.argv[1]), int(sys.argv[2])
rate = float(sys.argv[3]) if len(sys.argv) > 3 else None
result = {"pid": os.getpid(), "failed": 0}
begin = time.monotonic()
with socket.socket() as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for number in range(count):
        if rate:
            time.sleep(max(0, begin + number / rate - time.monotonic()))
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            result["failed"] += 1
result["took_s"] = time.monotonic() - begin
print(json.dumps(result), flush=True)
