# SPDX-License-Identifier: GPL-2.0-or-later
"""
What /metrics says, by parsers that are not ours; that docs/metrics.md, the dashboard and the
rules name what is exported, and nothing else. Prints what is wrong, a sentence a line.

    check.py same TEXT OPENMETRICS          the two are valid, and tell the same
    check.py steady TEXT                    of several scrapes no counter is below an earlier one
    check.py docs DOCS TEXT...              the tables of DOCS are what all of TEXT have, but
                                            for those of the server, where there is none
    check.py queries DOCS FILE...           dashboards and rules ask for what DOCS have
    check.py expressions DASHBOARD          its queries, as a file of rules for promtool
"""
import json
import re
import sys

TARGET = {'instance', 'job'}    # given by Prometheus
SERVER = 'twtrace_http_'
BUILT_IN = {'__name__', 'alertname', 'alertstate'}


def complain(sentence):
    complain.count += 1
    print(sentence)


complain.count = 0


def parsed(path, openmetrics):
    """The samples of an exposition: a name and its labels, and the value."""
    if openmetrics:
        from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
    else:
        from prometheus_client.parser import text_string_to_metric_families as parse
    with open(path, encoding='utf-8') as file:
        families = list(parse(file.read()))
    names = [family.name for family in families]
    for name in {name for name in names if names.count(name) > 1}:
        complain(f'{path}: the family {name} comes twice')
    samples = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            if key in samples:
                complain(f'{path}: {key} comes twice')
            samples[key] = sample.value
    return samples


def same(text, openmetrics):
    text, openmetrics = parsed(text, False), parsed(openmetrics, True)
    for key in text.keys() ^ openmetrics.keys():
        complain(f'{key} is in one format only')
    for key in text.keys() & openmetrics.keys():
        if text[key] != openmetrics[key]:
            complain(f'{key} is {text[key]} and {openmetrics[key]}')


def steady(path):
    counters, before = set(), {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            match = re.match(r'# TYPE (\S+) (?:counter|histogram)', line)
            if match:
                counters.add(match[1])
            match = re.match(r'((\w+?)(?:_bucket|_sum|_count)?(?:\{.*\})?) (\S+)$', line)
            if not match or not counters & {match[2], match[1].split('{')[0]}:
                continue
            if float(match[3]) < before.get(match[1], 0):
                complain(f'{match[1]} was {before[match[1]]}, and is {match[3]}')
            before[match[1]] = float(match[3])
    if not before:
        complain(f'{path} has no counter')


def documented(path):
    """Name: type and set of labels, from the tables."""
    rows = {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            match = re.match(r'\| `(twtrace_\w+)` \| (\w+) \| ([\w, ]*) ?\|', line)
            if match:
                labels = {label.strip() for label in match[3].split(',')} - {''}
                rows[match[1]] = match[2], labels
    if not rows:
        complain(f'{path} has no table')
    return rows


def docs(path, *expositions):
    rows, seen = documented(path), {}
    for exposition in expositions:
        types = {}
        with open(exposition, encoding='utf-8') as file:
            for line in file:
                match = re.match(r'# TYPE (\S+) (\S+)', line)
                if match:
                    types[match[1]] = match[2]
                    seen.setdefault(match[1], set())
                match = re.match(r'(twtrace_\w+)(?:\{(.*)\})? ', line)
                if match:
                    name = match[1]
                    if name not in types:
                        name = re.sub('_(bucket|sum|count)$', '', name)
                    seen[name] |= set(re.findall(r'(?:^|,)(\w+)="', match[2] or ''))
        for name, kind in types.items():
            if name in rows and rows[name][0] != kind:
                complain(f'{path} calls {name} a {rows[name][0]}, it is a {kind}')
    for name in seen.keys() - rows.keys():
        complain(f'{path} does not have {name}')
    served = any(name.startswith(SERVER) for name in seen)
    for name in rows.keys() - seen.keys():
        if served or not name.startswith(SERVER):
            complain(f'{path} has {name}, which is not exported')
    for name in seen.keys() & rows.keys():
        if not seen[name] <= rows[name][1]:
            complain(f'{path}: {name} has the labels {sorted(seen[name])}')
        if len(expositions) > 1 and seen[name] and seen[name] != rows[name][1]:
            complain(f'{path}: {name} has the labels {sorted(seen[name])} only')


def family(rows, name):
    return rows.get(name) or rows.get(re.sub('_(bucket|sum|count)$', '', name))


def check_query(path, rows, query):
    """Returns the labels that its result may have."""
    query = re.sub(r'(?<![\w:])\w+:[\w:]+', 'recorded', query)
    known = set(TARGET)
    for name in re.findall(r'twtrace_\w+', query):
        if not family(rows, name):
            complain(f'{path}: there is no {name}, in {query}')
        else:
            known |= family(rows, name)[1]
    for name, matchers in re.findall(r'(twtrace_\w+)\{([^}]*)\}', query):
        for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)', matchers):
            if label not in TARGET | BUILT_IN and family(rows, name) and \
                    label not in family(rows, name)[1]:
                complain(f'{path}: {name} has no label {label}, in {query}')
    for labels in re.findall(r'\b(?:by|without|on|ignoring)\s*\(([^)]*)\)', query):
        for label in re.findall(r'\w+', labels):
            if 'twtrace_' in query and label not in known:
                complain(f'{path}: there is no label {label}, in {query}')
    return known


def targets(dashboard):
    for panel in dashboard['panels']:
        yield from panel.get('targets', [])
        yield from targets(panel) if 'panels' in panel else []


def queries(path, *files):
    rows = documented(path)
    for name in files:
        with open(name, encoding='utf-8') as file:
            text = file.read()
        if not name.endswith('.json'):
            for rule in re.split(r'^ *- (?:alert|record): ', text, flags=re.M)[1:]:
                known = check_query(name, rows, rule.split('annotations:')[0])
                for label in re.findall(r'\$labels\.(\w+)', rule):
                    if label not in known:
                        complain(f'{name}: an annotation tells of {label}, in {rule}')
            continue
        dashboard = json.loads(text)
        found = list(targets(dashboard))
        if not found:
            complain(f'{name} asks for nothing')
        for target in found:
            known = check_query(name, rows, target['expr'])
            by = re.findall(r'by \(([^)]*)\)', target['expr'])
            if by:
                known = set(re.findall(r'\w+', ','.join(by)))
            for label in re.findall(r'\{\{(\w+)\}\}', target.get('legendFormat', '')):
                if label not in known:
                    complain(f'{name}: no {label} for the legend of {target["expr"]}')
        for variable in dashboard['templating']['list']:
            if variable['type'] == 'query':
                check_query(name, rows, variable['query']['query'])


def expressions(path):
    with open(path, encoding='utf-8') as file:
        dashboard = json.load(file)
    found = [target['expr'] for target in targets(dashboard)]
    found += [note['expr'] for note in dashboard['annotations']['list']]
    print('groups: [{name: dashboard, rules: [')
    for number, query in enumerate(found):
        query = query.replace('$__rate_interval', '1m').replace('$instance', '.*')
        print(f'  {{record: "q:{number}", expr: {json.dumps(query)}}},')
    print(']}]')


if __name__ == '__main__':
    {'same': same, 'steady': steady, 'docs': docs, 'queries': queries,
     'expressions': expressions}[sys.argv[1]](*sys.argv[2:])
    sys.exit(complain.count > 0)
