#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# push_profile.py BODY...: the gzip'd profile in each body of a push, into BODY.pb.gz, and that
# file's name. In protobuf's wire format it is bytes 1 of message 2 of message 1.
import sys


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def field(data, wanted):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        assert tag & 7 == 2, "only bytes and messages stand here"
        length, at = varint(data, at)
        if tag >> 3 == wanted:
            return data[at : at + length]
        at += length
    raise KeyError(wanted)


for name in sys.argv[1:]:
    with open(name, "rb") as body:
        profile = field(field(field(body.read(), 1), 2), 1)
    with open(name + ".pb.gz", "wb") as out:
        out.write(profile)
    print(name + ".pb.gz")
