#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
stuck.py once|again PROGRAM ARGS... -- COMMAND...: a terminal that reads nothing, from the first
byte on.

PROGRAM is given it, must become ready (--ready-fd is added), and is made to draw until it waits
for the terminal. Then COMMAND runs; then PROGRAM is told to end, once or until it does, which
must be within seconds.
Prints its exit status, whether the modes of the terminal are what they were, and what the
terminal has got at the end.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 20


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain until {what}")
        time.sleep(0.02)


def drawing_thread(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as comm:
            if comm.read() == "screen\n":
                return task
    return None


def waits_for_terminal(pid):
    """Whether the thread that draws is within write(1, ...)."""
    task = drawing_thread(pid)
    if not task:
        return False
    with open(f"/proc/{pid}/task/{task}/syscall") as syscall:
        return syscall.read().startswith("1 0x1 ")


def resize(fd, pid, height):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, 200, 0, 0))
    return waits_for_terminal(pid)


def interrupted(process):
    """Whether it has ended; else it is told again."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    return process.returncode is not None


def heights():
    while True:
        yield 40
        yield 50


def main():
    split = sys.argv.index("--")
    how, program, command = sys.argv[1], sys.argv[2:split], sys.argv[split + 1:]
    ready_read, ready_write = os.pipe()
    os.set_inheritable(ready_write, True)
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    before = termios.tcgetattr(slave)

    def own_terminal():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(program + ["--ready-fd", str(ready_write)], stdin=slave,
                               stdout=slave, stderr=slave, close_fds=False,
                               preexec_fn=own_terminal)
    os.close(ready_write)
    if not select.select([ready_read], [], [], PATIENCE)[0] or not os.read(ready_read, 16):
        sys.exit("it was never ready")
    size = heights()
    wait_until("it waits for the terminal", lambda: resize(master, process.pid, next(size)))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    if not waits_for_terminal(process.pid):
        sys.exit("it waits no more")
    process.send_signal(signal.SIGINT)
    if how == "again":
        wait_until("it ends", lambda: interrupted(process))
    try:
        status = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        sys.exit("it did not end")
    print("status", status)
    print("modes", "kept" if termios.tcgetattr(slave) == before else "changed")
    os.set_blocking(master, False)
    os.close(slave)
    try:
        while text := os.read(master, 65536):
            sys.stdout.write(text.decode(errors="replace"))
    except OSError:
        pass


main()
