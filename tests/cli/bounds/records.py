#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""records.py KIND BYTES RECORDING: a head as RECORDING's and so many bytes of records, each of
which tells of something else, in one zstd frame on standard output.
records.py --peak COMMAND...: runs it without its output, and prints its peak resident size in KiB."""
import resource
import struct
import subprocess
import sys

ANY = bytes(10) + b"\xff\xff"
OWNER = struct.pack("<II16s", 7, 8, b"comm")


def record(kind, body, state=0, to=0, error=0, flags=0):
    body += bytes(-len(body) % 8)
    return struct.pack("<HBBBBHQ", 16 + len(body), kind, state, to, error, flags, 1000) + body


def u64(value):
    return struct.pack("<Q", value)


def name(number, text):
    return struct.pack("<QII", number, 9, 0) + text + b"\0"


def tuple_of(i):
    return (ANY + bytes([127, 0, 0, 1]) + ANY + struct.pack(">I", (10 << 24) + i) +
            struct.pack("<HHIQ", i % 60000 + 1, 443, 9, 1))


def connecting(i, owner):
    return record(1, u64(i) + owner + tuple_of(i) + u64(3) + bytes(16), 7, 2, 0, 0x280)


def minisock(kind, i, end=0):
    return record(kind, u64(i) + struct.pack("<HHI", i % 60000 + 1, 443, 0) + tuple_of(i), 6, end)


RESERVED = b"@proc/sys/net/ipv4/ip_local_reserved_ports\n80\n"

# include/tw_record.h: each with the number of what it tells of
KINDS = {
    "connections": lambda i: connecting(i, OWNER),
    "owners": lambda i: connecting(i, struct.pack("<II16s", i, 8, b"n%d" % i)),
    "sockets": lambda i: record(4, u64(i) + tuple_of(i) + u64(3) + bytes(32), 1),
    "namespaces": lambda i: record(7, name(i, b"n%d" % i)),
    "cgroups": lambda i: record(9, name(i, b"/system.slice/s%d.service" % i)),
    "dumps": lambda i: record(6, struct.pack("<QII", i, 9, 0) + bytes(40) +
                              struct.pack("<HHI", 1000, 2000, 0)),
    "facts": lambda i: record(31, name(i, RESERVED)),
    "holders": lambda i: record(3, u64(1) + struct.pack("<II16s", i, 8, b"c%d" % i) + u64(3) +
                                struct.pack("<IIQ", 3, 1, 5)),
    "processes": lambda i: record(23, struct.pack("<IIQ", i, 9, 9) + b"x%d\0" % i),
    "closed": lambda i: record(24, u64(i) + OWNER + tuple_of(i) + u64(3) +
                               struct.pack("<II", 1, 5)),
    "acts": lambda i: record(25, u64(i) + u64(1) + struct.pack("<II16s", 1, 1, b"t")),
    "stacks": lambda i: record(26, u64(i) + b"f%d\0" % i),
    "forks": lambda i: record(29, struct.pack("<IIQ", i, i - 1, 9)),
    "failures": lambda i: record(32, u64(i) + OWNER + tuple_of(i) + u64(3), 0, 0, 98, 16),
    "bound": lambda i: record(33, u64(i) + OWNER + tuple_of(i) + u64(3) +
                              struct.pack("<II", 5, 0), 10),
    "spilled": lambda i: record(22, u64(0) + u64(1) + u64(3) + u64(0) + OWNER + tuple_of(i),
                                2, 1),
    "resets": lambda i: record(2, u64(i) + struct.pack("<II", 1, 0), 1),
    "born": lambda i: minisock(17, i),
    "refused": lambda i: minisock(18, i),
    "turned": lambda i: minisock(19, i),
    "ended": lambda i: minisock(20, i, 1),
    "stray": lambda i: minisock(34, i),
    "exits": lambda i: record(30, struct.pack("<IIQ", i, 0, 9)),
    "same": lambda i: connecting(1, OWNER),
}


def main(kind, size, recording):
    with open(recording, "rb") as file:
        head = file.read()
    head = head[:struct.unpack_from("<I", head, 12)[0]]
    first = [record(28, struct.pack("<QII", 1, 1, 1) + b"x\0"), record(7, name(1, b"host")),
             record(12, b"")]
    packer = subprocess.Popen(["zstd", "-q", "-c", "-3"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
    make = KINDS[kind]
    count = int(size) // len(make(100000))
    pieces = first + ([make(1) * count] if kind == "same" else [make(i + 1) for i in range(count)])
    sys.stdout.buffer.write(head + packer.communicate(b"".join(pieces))[0])


def peak(command):
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


if __name__ == "__main__":
    if sys.argv[1] == "--peak":
        peak(sys.argv[2:])
    elif sys.argv[1] == "--kinds":
        print(*KINDS)
    else:
        main(*sys.argv[1:])
