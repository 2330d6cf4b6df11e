# SPDX-License-Identifier: GPL-2.0-or-later
"""exhaust.py PORT COUNT: connects COUNT times to a server of its own on 127.0.0.1:PORT and closes
first, so that each connection leaves a TIME_WAIT with its port. Prints how many came about, and
how many found no port (EADDRNOTAVAIL)."""

import errno
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
server = socket.create_server(("127.0.0.1", port))
opened = failed = 0
for _ in range(count):
    client = socket.socket()
    try:
        client.connect(("127.0.0.1", port))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        failed += 1
        client.close()
        continue
    accepted = server.accept()[0]
    client.close()
    accepted.recv(1)
    accepted.close()
    opened += 1
print(opened, failed)
