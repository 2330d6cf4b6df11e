#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that a server on 127.0.0.1 has to live with.

clients.py PORT raw            the bytes of standard input, one connection; prints all of the answer
clients.py PORT slow COUNT     COUNT connections a kind, all at once, until standard input ends:
                               silent ones, some that say a byte now and then, some that ask for
                               all and read nothing. "up" when all are there.
clients.py PORT hoard          asks for large answers, each another one, and takes none of them, until
                               there is no room for more; then "full", until standard input ends
clients.py PORT events QUERY   the stream of /events?QUERY, an event a line as KIND TAB DATA, until
                               standard input ends; "open" when it has begun
clients.py PORT lazy QUERY     the same, but nothing is read before a line comes on standard input
"""
import select
import socket
import sys

PORT = int(sys.argv[1])


def connect(receive=0):
    client = socket.socket()
    if receive:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    client.connect(("127.0.0.1", PORT))
    return client


def say(line):
    print(line, flush=True)


def raw():
    client = connect()
    client.settimeout(20)
    try:
        client.sendall(sys.stdin.buffer.read())
        while piece := client.recv(65536):
            sys.stdout.buffer.write(piece)
    except ConnectionError:
        pass


def send(client, text):
    try:
        client.send(text)
    except OSError:
        pass


def slow(count):
    begin = b"GET /api/v1/top HTTP/1.1\r\nHost: localhost\r\nX"
    whole = b"GET /api/v1/list?limit=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    drips, others = [], []
    for _ in range(count):
        others.append(connect())
        drips.append(connect())
        send(drips[-1], begin)
        others.append(connect(2048))
        send(others[-1], whole * 4)
    say("up")
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        for client in drips:
            send(client, b"x")


def hoard():
    held = []
    limit = 10000
    while True:
        client = connect(2048)
        client.sendall(b"GET /api/v1/list?limit=%d HTTP/1.0\r\nHost: localhost\r\n\r\n" % limit)
        answer = client.recv(64)
        while b"503" in answer and (piece := client.recv(65536)):
            answer += piece
        if b"too many answers" in answer:
            say("full")
            sys.stdin.readline()
            return
        if b" 200 " in answer:
            held.append(client)
            limit -= 1


def events(query, lazy):
    client = connect(4096 if lazy else 0)
    client.sendall(b"GET /events?%s HTTP/1.0\r\nHost: localhost\r\n\r\n" % query.encode())
    stream = client.makefile("rb")
    while (line := stream.readline()) not in (b"\r\n", b""):
        pass
    say("open")
    if lazy:
        sys.stdin.readline()
    kind = ""
    waiting = b""
    while sys.stdin not in (ready := select.select([sys.stdin, client], [], [])[0]):
        piece = client.recv(65536)
        if not piece:
            say("closed")
            return
        *lines, waiting = (waiting + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"event: "):
                kind = line[7:].decode()
            elif line.startswith(b"data: "):
                say(kind + "\t" + line[6:].decode())
            elif line.startswith(b":"):
                say("heartbeat")


ARGS = sys.argv[3:]
{
    "raw": raw,
    "slow": lambda: slow(int(ARGS[0])),
    "hoard": hoard,
    "events": lambda: events(ARGS[0], False),
    "lazy": lambda: events(ARGS[0], True),
}[sys.argv[2]]()
