#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""confine.py UNIT COMMAND...: runs COMMAND under the seccomp part of a unit: SystemCallFilter,
RestrictAddressFamilies and RestrictNamespaces, with EPERM for the rest, as systemd.exec(5) has
them. The groups of system calls are asked of systemd-analyze."""
import ctypes
import os
import re
import socket
import struct
import subprocess
import sys

ALLOW, EPERM = 0x7FFF0000, 0x00050001
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CLONE = {"net": 0x40000000}


def settings(unit, name):
    return [line.split("=", 1)[1].split() for line in open(unit) if line.startswith(name + "=")]


def expand(words):
    for word in words:
        if not word.startswith("@"):
            yield word
            continue
        said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word],
                              capture_output=True, text=True, check=True).stdout
        lines = [line.strip() for line in said.splitlines()[1:]]
        yield from expand(line for line in lines if line and not line.startswith("#"))


def allowed(unit):
    names = set(expand(["@default"]))
    for words in settings(unit, "SystemCallFilter"):
        if words[0].startswith("~"):
            names -= set(expand([words[0][1:]] + words[1:]))
        else:
            names |= set(expand(words))
    return names


def numbers():
    said = subprocess.run(["cc", "-E", "-dM", "-x", "c", "-"], input="#include <asm/unistd.h>",
                          capture_output=True, text=True, check=True).stdout
    return {name: int(number) for name, number in re.findall(r"#define __NR_(\w+) (\d+)\n", said)}


def program(unit):
    """Instructions of classic BPF: the architecture, the two calls whose arguments count, the rest."""
    known = numbers()
    families = [getattr(socket, name) for name in settings(unit, "RestrictAddressFamilies")[0]]
    namespaces = sum(CLONE[name] for name in settings(unit, "RestrictNamespaces")[0])

    def load(offset): return (0x20, 0, 0, offset)
    def unless(value, skip): return (0x15, 0, skip, value)
    def end(verdict): return (0x06, 0, 0, verdict)

    code = [load(4), (0x15, 1, 0, AUDIT_ARCH[os.uname().machine]), end(EPERM), load(0)]
    code += [unless(known["socket"], 2 + 2 * len(families)), load(16)]
    for family in families:
        code += [unless(family, 1), end(ALLOW)]
    code += [end(EPERM)]
    code += [unless(known["setns"], 4), load(24), unless(namespaces, 1), end(ALLOW), end(EPERM)]
    for name in sorted(allowed(unit) & known.keys() - {"socket", "setns"}):
        code += [unless(known[name], 1), end(ALLOW)]
    return b"".join(struct.pack("HBBI", *row) for row in code + [end(EPERM)])


def confine(unit):
    class Program(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    code = program(unit)
    libc = ctypes.CDLL(None, use_errno=True)
    filters = Program(len(code) // 8, code)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(filters)):
        sys.exit("confine.py: no filter can be set: " + os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    confine(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
