#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes and namespaces that come and go faster than anybody can look at them.

actors.py storm PORT COUNT            so many processes, each with one connection and a name
                                      of its own, that are gone when it is closed
actors.py reuse PORT GROUP GROUP...   as many processes, one after the other, all with the same
                                      number, each in another control group, with a connection;
                                      each ends for a byte of standard input
actors.py nets PORT COUNT             so many network namespaces with a connection each
actors.py crowd PORT COUNT            a server with so many clients; killed when a line comes in

Each says in JSON lines what it did, by the clients' ports where it has a name for them.
"""
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_NAME, CLONE_NEWNET, SYS_CLONE3 = 15, 0x40000000, 435
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
AT_ONCE = 16        # processes
ADDRESSES = 8       # of the crowd's server: each has a range of ports to itself


def say(**what):
    os.write(1, (json.dumps(what) + "\n").encode())


def set_name(name):
    LIBC.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def fork_as(pid):
    """fork() into a process with this number; 0 in the child."""
    tids = (ctypes.c_int * 1)(pid)
    args = struct.pack("11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(tids), 1, 0)
    ret = LIBC.syscall(SYS_CLONE3, ctypes.c_char_p(args), ctypes.c_size_t(len(args)))
    if ret < 0:
        raise OSError(ctypes.get_errno(), "clone3: " + os.strerror(ctypes.get_errno()))
    return ret


def listen(port, backlog=4096, address="127.0.0.1"):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(backlog)
    return listener


def one_connection(port):
    """The client closes first, and waits for the server's end; returns the client's port."""
    client = socket.create_connection(("127.0.0.1", port))
    local = client.getsockname()[1]
    client.recv(1)
    client.close()
    return local


def start_server(port):
    """A process that greets each of its clients, and closes after it."""
    listener = listen(port)
    pid = os.fork()
    if pid:
        return pid
    set_name("tw-storm-server")
    while True:
        conn, _ = listener.accept()
        conn.send(b"x")
        conn.recv(1)
        conn.close()


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def storm(port, count):
    server = start_server(port)
    for begun in range(count):
        if begun >= AT_ONCE:
            os.wait()
        if os.fork() == 0:
            set_name("storm-%d" % begun)
            say(comm="storm-%d" % begun, pid=os.getpid(), port=one_connection(port))
            os._exit(0)
    for _ in range(min(count, AT_ONCE)):
        os.wait()
    end(server)


def reuse(port, groups):
    server = start_server(port)
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    for group in groups:
        if fork_as(pid) == 0:
            with open(group + "/cgroup.procs", "w") as procs:
                procs.write("0")
            # its start is known to a hundredth of a second
            time.sleep(0.02)
            say(service=os.path.basename(group), pid=pid, port=one_connection(port))
            os.read(0, 1)
            os._exit(0)
        os.waitpid(pid, 0)
    end(server)


def in_a_namespace(port):
    if LIBC.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    with socket.socket() as any_socket:
        flags = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", flags)[1] | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags))
    listener = listen(port)
    client = socket.create_connection(("127.0.0.1", port))
    server, _ = listener.accept()
    client.close()
    server.recv(1)
    server.close()
    # a namespace that ends ends its sockets in whatever state they are
    while " tw 1 " not in open("/proc/self/net/sockstat").read():
        time.sleep(0.001)


def nets(port, count):
    began = time.monotonic()
    for begun in range(count):
        if begun >= AT_ONCE:
            os.wait()
        if os.fork() == 0:
            in_a_namespace(port)
            os._exit(0)
    for _ in range(min(count, AT_ONCE)):
        os.wait()
    say(namespaces=count, seconds=round(time.monotonic() - began, 2))


def share_server(port, count, told, ready):
    set_name("tw-crowd-server")
    listener = listen(port, address="0.0.0.0")
    os.write(ready, b"l")
    held = [listener.accept()[0] for _ in range(count)]
    os.write(told, b"a")
    signal.pause()
    del held


def share_clients(port, count, told, go):
    set_name("tw-crowd-client")
    clients = [socket.create_connection(("127.0.1.%d" % (i % ADDRESSES + 1), port))
               for i in range(count)]
    os.write(told, b"c")
    os.read(go, 1)
    closed = sum(client.recv(1) == b"" for client in clients)
    say(closed=closed)


def crowd(port, count):
    """As many processes as the limit of open files wants, each with a port of its own."""
    share = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (share + 100, share + 100))
    told, telling = os.pipe()
    servers, clients, shares = [], [], []
    going, go = os.pipe()
    while count:
        shares.append(min(count, share))
        count -= shares[-1]
    for number, size in enumerate(shares):
        listening, ready = os.pipe()
        servers.append(os.fork())
        if servers[-1] == 0:
            share_server(port + number, size, telling, ready)
        os.read(listening, 1)
        clients.append(os.fork())
        if clients[-1] == 0:
            os.close(go)
            share_clients(port + number, size, telling, going)
            os._exit(0)
    answers = b""
    while len(answers) < 2 * len(shares):
        answers += os.read(told, 64)
    say(servers=servers, clients=clients, connections=sum(shares))
    sys.stdin.readline()
    began = time.monotonic()
    for pid in servers:
        os.kill(pid, signal.SIGKILL)
    for pid in servers:
        os.waitpid(pid, 0)
    say(seconds=round(time.monotonic() - began, 2))
    os.close(go)
    for pid in clients:
        os.waitpid(pid, 0)


def main(what, port, *rest):
    if what == "reuse":
        reuse(int(port), rest)
    else:
        {"storm": storm, "nets": nets, "crowd": crowd}[what](int(port), int(rest[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
