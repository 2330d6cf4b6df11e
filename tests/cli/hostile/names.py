# SPDX-License-Identifier: GPL-2.0-or-later
"""
A recording with other names: in each place that holds text a stranger may have chosen.

    names.py hostile|harmless ROUND RECORDING OUT
    names.py none RECORDING     fails where one of them is in it
    names.py all FLAME...       fails where one that is shown as it is, is in none (speedscope)

The places get the same numbers with both, and with another round other names: what is made of
the two must have the same shape. Names of programs are 16 bytes, the others as long as they are.
In odd rounds services are named by their units, else by their programs.
"""
import json
import struct
import subprocess
import sys

NAMES = [
    b'\x1b[31mred\x1b[0m',          # CSI: colours
    b'\x1b]52;c;eA==\x07',          # OSC 52: the clipboard
    b'\x1b]8;;http:x\x07',          # OSC 8: a link
    b'\x1bPq\x1b\\',                # DCS
    b'\xc2\x9b31mC1',               # CSI as U+009B
    b'\x9b31mC1',                   # and as a byte
    b'\xe2\x80\xaegnp.exe',         # U+202E
    b'\xe2\x81\xa6iso',             # U+2066
    b'\xd8\x9carab',                # U+061C
    b'zw\xe2\x80\x8b\xe2\x80\x8d',  # of no width
    b'\xef\xbb\xbfbom',
    b'\xff\xfe\xc0\xaf',            # no UTF-8, and overlong
    b'\xed\xa0\x80sur',             # a surrogate
    b'\xe6\x97cut',
    b'\xef\xbf\xbe\xef\xbf\xbfnon',  # U+FFFE
    b'\xe2\x80\xa8line',            # U+2028
    b'a\nb\tc\rd',
    b'\x08\x08\x7fback',
    b'<script>x',
    b'</script>',
    b'"><img src=x>',
    b"' onload='x",
    b']]>--><!--',
    b'&lt;&#x41;&',
    b'a;b c 443',
    b'x 17',
    b'{a="b"}\\n',
    b'x"} 1\ny{z="',
    b'# HELP x',
    b'=cmd|1!A0',
    b'+1+1',
    b'-2+3',
    b'@SUM(A1)',
    b'\t=1',
    b'a;=1+1;"-1',
    '＝1'.encode(),
    b'\r=1',
    b'%s%n%x%99d',
    b'../../x',
    b'\\x1b\\u001b',
    b'$(id)`id`',
    b'__proto__',
    b'javascript:x',
    b'null',
    b'caf\xc3\xa9 \xe6\x97\xa5',    # these are harmless, and stay as they are
]
# A name is cut somewhere: not within a character.
LONG = [
    b'\x1b' * 60 + 'ä'.encode() * 80,
    b'=' + '日'.encode() * 80,
    b'x' * 240,
    b'x' + 'ä'.encode() * 119,
    b'\x1b' + '日'.encode() * 79,
]

HEAD_VERSION = struct.Struct('<8sII')
RECORD = struct.Struct('<HBBBBHQ')
(TRANSITION, HOLDER, NETNS, CGROUP, READY, END, SPILLED, PROCESS, CLOSED_HELD, STACK, STACK_TEXT,
 SCOPE, FACTS, BIND_FAILED, BOUND) = 1, 3, 7, 9, 12, 14, 22, 23, 24, 25, 26, 28, 31, 32, 33
COMM_AT = {TRANSITION: 32, HOLDER: 32, SPILLED: 56, CLOSED_HELD: 32, STACK: 40, BIND_FAILED: 32,
           BOUND: 32}
TEXT_AT = {NETNS: 32, CGROUP: 32, PROCESS: 32, STACK_TEXT: 24, SCOPE: 32}
OWNER = 1 << 9
BOOT_ID_END = 72    # in the head: host, kernel and program come after it
FILTER_AT, FILTER_LEN = 240, 128


class Renaming:
    def __init__(self, hostile, turn):
        self.hostile, self.turn = hostile, turn
        self.seen = {}

    def number(self, kind, name):
        return self.seen.setdefault((kind, name), len(self.seen))

    def short(self, kind, name):
        """Of a program or thread: nothing stays nothing."""
        if not name.rstrip(b'\0'):
            return name
        number = self.number(kind, name)
        if not self.hostile:
            return b'h%d' % number
        # so many programs have connections in the one with the most
        return NAMES[(number + self.turn * 8) % len(NAMES)]

    def long(self, kind, name):
        number = self.number(kind, name)
        if not self.hostile:
            return b'h%d' % number
        names = LONG + NAMES
        return names[(number + self.turn) % len(names)]

    def path(self, name):
        unit = self.long('unit', name)
        return b'/system.slice/' + unit + b'.service' if self.turn % 2 else b'/user.slice/' + unit

    def lines(self, text):
        """Of a stack: each ends where it did."""
        return b'\n'.join(self.long('frame', line).replace(b'\n', b'?')
                          for line in text.split(b'\n'))


def with_text(record, at, text):
    text += b'\0' * (8 - len(text) % 8)
    return struct.pack('<H', at + len(text)) + record[2:at] + text


def renamed(record, to):
    kind, flags = record[2], RECORD.unpack_from(record)[5]
    if kind in COMM_AT and (kind != TRANSITION or (flags & OWNER and len(record) > 32)):
        at = COMM_AT[kind]
        name = to.short('comm', record[at:at + 16])
        return record[:at] + name.ljust(16, b'\0')[:16] + record[at + 16:]
    if kind not in TEXT_AT:
        return record
    at = TEXT_AT[kind]
    text = record[at:].split(b'\0')[0]
    if kind == NETNS:
        return with_text(record, at, to.long('netns', text))
    if kind == CGROUP:
        return with_text(record, at, to.path(text))
    if kind == PROCESS:
        return with_text(record, at, to.long('script', text))
    if kind == STACK_TEXT:
        return with_text(record, at, to.lines(text))
    words = struct.unpack_from('<I', record, 28)[0]
    return with_text(record, at, b'\0'.join(
        to.long('word', word) for word in record[at:].split(b'\0')[:words]))


def added(to, ready):
    """What no recording of the golden tests has: a bind() that failed, and settings."""
    ts = RECORD.unpack_from(ready)[6]

    def owner(pid):
        return struct.pack('<II16s', pid, 0, to.short('comm', b'added-%d' % pid))

    place = bytes(10) + b'\xff\xff\x7f\0\0\1' + bytes(16) + struct.pack('<HHIQ', 8080, 0, 4026531840, 1)
    yield (RECORD.pack(112, BOUND, 7, 0, 0, 32, ts) + struct.pack('<Q', 1 << 40) + owner(4001) + place
           + struct.pack('<QII', 0, 0xffffffff, 0))
    yield (RECORD.pack(104, BIND_FAILED, 0, 0, 98, 16, ts) + struct.pack('<Q', (1 << 40) + 1)
           + owner(4002) + place + bytes(8))
    value = to.long('fact', b'').replace(b'\n', b'?')
    text = b''.join(b'@proc/sys/net/%s\n%s\n' % (name, value) for name in [
        b'ipv4/ip_local_port_range', b'ipv4/tcp_fin_timeout', b'ipv4/tcp_max_tw_buckets',
        b'ipv4/tcp_tw_reuse', b'core/somaxconn', b'ipv4/ip_local_reserved_ports'])
    yield with_text(RECORD.pack(0, FACTS, 0, 0, 0, 0, ts) + struct.pack('<QII', 1, 4026531840, 0), 32,
                    text)


def places(to, ready):
    """Namespaces that doctor has the same to say of, each with a name as long as there are."""
    ts = RECORD.unpack_from(ready)[6]
    for i in range(20):
        name = (b'%d-' % i + to.long('place', b'%d' % i) * 255)[:255]
        begin = struct.pack('<QII', 1000 + i, 4026540000 + i, 0)
        yield with_text(RECORD.pack(0, NETNS, 0, 0, 0, 0, ts) + begin, 32, name)
        yield with_text(RECORD.pack(0, FACTS, 0, 0, 0, 0, ts) + begin, 32,
                        b'@proc/sys/kernel/osrelease\n6.1.0\n'
                        b'@proc/sys/net/ipv4/tcp_abort_on_overflow\n1\n'
                        b'@proc/sys/net/ipv4/tcp_rfc1337\n0\n@proc/sys/net/ipv4/tcp_tw_recycle\n1\n')


def records_of(plain):
    at = 0
    while at < len(plain):
        size = struct.unpack_from('<H', plain, at)[0]
        yield plain[at:at + size]
        at += size


def head_of(head, to):
    name = to.long('host', b'')
    parts = bytearray(head)
    for at, size in [(BOOT_ID_END, 64), (BOOT_ID_END + 64, 64), (BOOT_ID_END + 128, 32)]:
        parts[at:at + size] = name[:size - 1].ljust(size, b'\0')
    return bytes(parts)


def read(path):
    """The head, and the records behind it."""
    with open(path, 'rb') as file:
        data = file.read()
    size = HEAD_VERSION.unpack_from(data)[2]
    return data[:size], subprocess.run(['zstd', '-dcq'], input=data[size:], stdout=subprocess.PIPE,
                                       check=True).stdout


def none_in(path):
    head, plain = read(path)
    # the kernel's name and its settings stay
    data = b''.join([head[BOOT_ID_END:BOOT_ID_END + 64]] + [record for record in records_of(plain) if record[2] != FACTS])
    found = [name for name in NAMES + LONG if len(name) > 5 and name in data]
    if found:
        sys.exit(f'{path} has {found}')


def all_in(paths):
    frames = set()
    for path in paths:
        with open(path, encoding='utf-8') as file:
            frames.update(frame['name'] for frame in json.load(file)['shared']['frames'])
    plain = [name[:15].decode() for name in NAMES if name.isascii() and name.decode().isprintable()]
    lacking = [name for name in plain if name not in frames]
    if lacking:
        sys.exit(f'no flame has {lacking}')


def main():
    if sys.argv[1] == 'none':
        none_in(sys.argv[2])
        return
    if sys.argv[1] == 'all':
        all_in(sys.argv[2:])
        return
    kind, turn, source, out = sys.argv[1:]
    to = Renaming(kind == 'hostile', int(turn))
    head, plain = read(source)
    records = []
    for record in records_of(plain):
        if record[2] == END:
            record = record[:16] + struct.pack('<Q', len(records)) + record[24:]
        records.append(renamed(record, to))
        if record[2] == READY:
            records += [*added(to, record), *places(to, record)]
    packed = subprocess.run(['zstd', '-cq', '--check'], input=b''.join(records),
                            stdout=subprocess.PIPE, check=True).stdout
    with open(out, 'wb') as file:
        file.write(head_of(head, to) + packed)


if __name__ == '__main__':
    main()
