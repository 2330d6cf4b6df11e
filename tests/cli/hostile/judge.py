# SPDX-License-Identifier: GPL-2.0-or-later
"""
Whether names could do something in an output. Prints what is wrong, a sentence a line.

    judge.py [FORMAT HOSTILE HARMLESS]...

Each file of the folder HOSTILE is of that format, is text and nothing else, and has the shape of
the file of the same name in HARMLESS.
"""
import collections
import csv
import html.parser
import json
import os
import re
import sys
import unicodedata
import xml.etree.ElementTree

FORMULA = ('=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠')


class Wrong(Exception):
    """What is the matter."""


def is_text(text, allowed='\n'):
    """No control, nothing that is invisible or reorders what is around it, no number of no character."""
    for char in text:
        if char not in allowed and (unicodedata.category(char) in ('Cc', 'Cf', 'Cs', 'Zl', 'Zp') or
                                    ord(char) & 0xfffe == 0xfffe):
            at = text.index(char)
            raise Wrong(f'there is {ascii(char)} in {ascii(text[max(at - 40, 0):at + 40])}')


def decoded(data):
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Wrong(f'{error} {data[max(error.start - 40, 0):error.end + 40]}') from error


def strings_in(value):
    """All of a document: keys, too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from strings_in(part)
    elif isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from strings_in(part)


def keys_of(value):
    """The shape of a document: its keys, and how often each."""
    if isinstance(value, list):
        return sum((keys_of(part) for part in value), collections.Counter())
    if isinstance(value, dict):
        return sum((keys_of(part) for part in value.values()), collections.Counter(value.keys()))
    return collections.Counter()


# ------------------------------------------------ a function a format, which returns the shape


def text(said):
    is_text(said)


def json_lines(said):
    is_text(said)
    keys = collections.Counter()
    for line in said.splitlines():
        value = json.loads(line)
        for string in strings_in(value):
            is_text(string)
        keys += keys_of(value)
    return keys


def json_document(said):
    is_text(said)
    value = json.loads(said)
    for string in strings_in(value):
        is_text(string)
    return keys_of(value)


def speedscope(said):
    json_document(said)
    value = json.loads(said)
    frames = len(value['shared']['frames'])
    counts = []
    for profile in value['profiles']:
        if any(not 0 <= at < frames for sample in profile['samples'] for at in sample):
            raise Wrong('a sample has a frame that there is not')
        counts.append((len(profile['weights']), sorted(map(len, profile['samples']))))
    return counts


def csv_rows(said):
    is_text(said)
    rows = list(csv.reader(said.splitlines(keepends=True), strict=True))
    for row in rows:
        if len(row) != len(rows[0]):
            raise Wrong(f'a row has {len(row)} cells, the first has {len(rows[0])}: {row}')
        # some spreadsheets go by semicolons
        for cell in [part.lstrip(' "') for cell in row for part in cell.split(';')]:
            if cell.startswith(FORMULA):
                raise Wrong(f'the cell {cell!r} is a formula')
    return len(rows)


class Elements(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.elements = collections.Counter()
        self.json = []
        self.within = False

    def handle_starttag(self, tag, attrs):
        self.elements[tag, *sorted(name for name, _ in attrs)] += 1
        self.within = tag == 'script' and dict(attrs).get('type') == 'application/json'
        if any(name.startswith('on') for name, _ in attrs):
            raise Wrong(f'<{tag}> has a handler: {attrs}')

    def handle_endtag(self, tag):
        self.within = False
        self.elements['/' + tag] += 1

    def handle_data(self, data):
        if self.within:
            self.json.append(data)

    def handle_comment(self, data):
        self.elements['<!--'] += 1


def html_page(said):
    # of other people's programs the tabs stay
    is_text(said, '\n\t')
    parser = Elements()
    parser.feed(said)
    parser.close()
    if not parser.json:
        raise Wrong('there is no document in it')
    for string in strings_in(json.loads(''.join(parser.json))):
        is_text(string)
    return parser.elements


def svg(said):
    is_text(said, '\n\t')
    if re.search(r'<!(?!\[CDATA\[)|<\?(?!xml )', said):
        raise Wrong('there is a comment, an instruction or a type')
    root = xml.etree.ElementTree.fromstring(said)
    return collections.Counter((part.tag, *sorted(part.attrib)) for part in root.iter())


def folded(said):
    is_text(said)
    lines = collections.Counter()
    for line in said.splitlines():
        match = re.fullmatch(r'([^#].*?) (\d+)', line)
        if not match or re.search(r' [\d.]+$', match[1]):
            raise Wrong(f'{line!r} is no stack and its count')
        frames = match[1].split(';')
        if '' in frames:
            raise Wrong(f'{line!r} has a frame without a name')
        lines[len(frames)] += 1
    return lines


def exposition(said, parse):
    samples = collections.Counter()
    for family in parse(said):
        for sample in family.samples:
            for value in sample.labels.values():
                is_text(value)
            samples[sample.name, *sorted(sample.labels)] += 1
    return samples


def prometheus(said):
    from prometheus_client.parser import text_string_to_metric_families
    is_text(said)
    return exposition(said, text_string_to_metric_families)


def openmetrics(said):
    from prometheus_client.openmetrics.parser import text_string_to_metric_families
    is_text(said)
    return exposition(said, text_string_to_metric_families)


FORMATS = {'text': text, 'json': json_document, 'jsonl': json_lines, 'csv': csv_rows,
           'html': html_page, 'svg': svg, 'folded': folded, 'speedscope': speedscope, 'prometheus': prometheus,
           'openmetrics': openmetrics}


def shape(form, path):
    with open(path, 'rb') as file:
        data = file.read()
    try:
        return FORMATS[form](decoded(data))
    except (Wrong, ValueError, csv.Error, xml.etree.ElementTree.ParseError) as error:
        raise Wrong(f'{path}: {error}') from error


def judge(form, hostile, harmless):
    names = sorted(os.listdir(hostile))
    wrong = 0
    if not names or names != sorted(os.listdir(harmless)):
        print(f'{hostile} and {harmless} do not have the same files')
        wrong += 1
    for name in names:
        try:
            is_now = shape(form, os.path.join(hostile, name))
            was = shape(form, os.path.join(harmless, name))
            if is_now != was:
                lacks = was - is_now if isinstance(was, collections.Counter) else was
                more = is_now - was if isinstance(was, collections.Counter) else is_now
                raise Wrong(f'{hostile}/{name}: it has {dict(more) if lacks is not was else more}, '
                            f'and lacks {dict(lacks) if lacks is not was else lacks}')
        except Wrong as error:
            print(error)
            wrong += 1
    return wrong


def main():
    words = sys.argv[1:]
    return sum(judge(*words[i:i + 3]) for i in range(0, len(words), 3)) > 0


if __name__ == '__main__':
    sys.exit(main())
