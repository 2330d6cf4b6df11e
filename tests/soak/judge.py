# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges what was measured. Pure: figures in, sentences out."""
import math
import statistics

MIB, KIB = 2**20, 2**10
SETTLES_S = 60      # leaks are known by then
LEAST_S = 180       # of less nobody can tell what grows
BLOCKS = 40         # samples that follow each other are alike: medians of so many pieces of time
# What may come on top while it is judged: malloc() takes in lumps; of each socket that the load's
# leaks hold, more and more of them, a tracer keeps what it knows; and of each control group its name,
# until there are as many as are kept (TW_CGROUPS_REMEMBERED, twice).
ROUGHLY, LUMP, OF_SOCKET, OF_GROUP, MOST_GROUPS = 0.01, 256 * KIB, 512, 64, 2 * 4096


def slope(points):
    """Theil and Sen's, and the bounds of 95 % (by Kendall's variance, as Sen has it)."""
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(points) for b in points[i + 1:])
    n = len(points)
    reach = 1.96 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = int((len(slopes) - reach) // 2), int((len(slopes) + reach) // 2) + 1
    return statistics.median(slopes), slopes[max(low, 0)], slopes[min(high, len(slopes) - 1)]


def settled(samples):
    """The last two thirds: by then what fills up is full."""
    begin = samples[0]['at_s'] + (samples[-1]['at_s'] - samples[0]['at_s']) / 3
    return [sample for sample in samples if sample['at_s'] >= begin]


def blocks(samples, what):
    size = max(1, len(samples) // BLOCKS)
    pieces = [samples[i:i + size] for i in range(0, len(samples) - size + 1, size)]
    return [(statistics.median(sample['at_s'] for sample in piece), statistics.median(sample[what] for sample in piece))
            for piece in pieces]


def kept_more(load, begin_s, end_s):
    """Bytes that the load asks for between the two: what it holds, and what it names."""
    held = [sample['sockets'] for sample in load['held'] if begin_s <= sample['at_s'] <= end_s]
    groups = [min(load['namespaces_per_s'] * at_s, MOST_GROUPS) for at_s in (begin_s, end_s)]
    return (OF_SOCKET * max(0, held[-1] - held[0]) if held else 0) + OF_GROUP * (groups[1] - groups[0])


def growth(samples, load, what='rss'):
    """Bytes a second with bounds, the time they are of, and what would still be called flat."""
    begin, end = samples[0]['at_s'], samples[-1]['at_s']
    size = statistics.median(sample[what] for sample in samples)
    return slope(blocks(samples, what)), end - begin, max(ROUGHLY * size, LUMP) + kept_more(load, begin, end)


def judged(what, failed, why):
    return {'what': what, 'verdict': 'failed' if failed else 'passed', 'why': why}


def too_short(what):
    return {'what': what, 'verdict': 'not judged', 'why': f'{what}: the time was too short to tell'}


def judge_size(tracer, load):
    samples, what = settled(tracer['samples']), f'size of {tracer["name"]}'
    if samples[-1]['at_s'] - samples[0]['at_s'] < LEAST_S * 2 / 3:
        return too_short(what)
    (rise, low, high), span, allowed = growth(samples, load)
    # what begins late is in few of the points of a line: the end is not beyond all that was before
    two_thirds, tenth = len(samples) * 2 // 3, max(1, len(samples) // 10)
    before = max(sample['rss'] for sample in samples[:two_thirds])
    late = statistics.median(sample['rss'] for sample in samples[-tenth:]) - before
    if late > allowed:
        return judged(what, True, f'{what}: in the end {late / MIB:.1f} MiB more than it ever was before')
    return judged(what, low * span > allowed,
                  f'{what}: {rise * 3600 / KIB:+.0f} KiB an hour ({low * 3600 / KIB:+.0f}..{high * 3600 / KIB:+.0f}) '
                  f'in the last {span:.0f} s; flat would be at most {allowed / span * 3600 / KIB:.0f}')


def judge_constant(tracer, of, called):
    """
    What comes and goes has the same least in the first and in the last third; or, where that wavers,
    no course upwards. And in the end there is not more of it than ever before.
    """
    samples, what = settled(tracer['samples']), f'{called} of {tracer["name"]}'
    third = len(samples) // 3
    if samples[-1]['at_s'] - samples[0]['at_s'] < LEAST_S * 2 / 3:
        return too_short(what)
    before, after = (min(sample[of] for sample in part) for part in (samples[:third], samples[-third:]))
    rises = slope(blocks(samples, of))[1] > 0
    late = statistics.median(sample[of] for sample in samples[-max(1, len(samples) // 10):])
    if late > max(sample[of] for sample in samples[:len(samples) * 2 // 3]):
        return judged(what, True, f'{what}: in the end {late:,}, more than there ever were before')
    return judged(what, after > before and rises, f'{what}: at least {before:,} at first, and {after:,} in the end')


def judge_zero(tracer, of, called, busy):
    what = f'{called} of {tracer["name"]}'
    if not tracer[of] and of == 'audit' and busy:
        return {'what': what, 'verdict': 'not judged', 'why': f'{what}: not known under a filter'}
    if not tracer[of]:
        return judged(what, True, f'{what}: it has told of none at all')
    amiss = {name: count for name, count in tracer[of].items() if count}
    return judged(what, amiss, f'{what}: ' + (', '.join(f'{name} {count:g}' for name, count in amiss.items()) or '0'))


def services(accused):
    return {said.split(' ')[1] for said in accused}


def judge_verdicts(tracer, load):
    what = 'verdicts'
    late = [said for said in tracer['verdicts'] if said['at_s'] >= SETTLES_S]
    if len(late) < 3:
        return too_short(what)
    expected = set(load['leaking'])
    for said in late:
        accused = set(said['accused'])
        # more may be true of those that leak, for a while: where a connect() chooses the ports of a
        # connection in CLOSE_WAIT, a RST makes one in CLOSE of it, and that is held as well
        if expected - accused or services(accused) != services(expected):
            return judged(what, True, f'{what}: {said["accused"]} after {said["at_s"]:.0f} s, '
                                      f'not {sorted(expected)}')
    return judged(what, False, f'{what}: the same {len(late)} times: {", ".join(sorted(expected))}')


def judge_load(report):
    """What was not made was not traced: a busy host may have been too slow for half of it."""
    load, seconds, what = report['load'], report['seconds'], 'load'
    made = [(load['connections'], load['connections_per_s'] * seconds, 'connections'),
            (load['namespaces'], load['namespaces_per_s'] * seconds, 'namespaces')]
    amiss = load['failed'] or [f'{count:,} of {asked:,} {name}' for count, asked, name in made
                               if count < asked / 2 and (seconds >= LEAST_S or not count)]
    return judged(what, amiss, f'{what}: ' + (', '.join(amiss) or 'as asked for'))


def judge_answers(tracer):
    other = {status: count for status, count in tracer['answers'].items() if status != '200'}
    return judged('answers', other or not tracer['answers'].get('200') or not tracer['events'],
                  f'answers: {tracer["answers"]}, and {tracer["events"]:,} lines of events')


def judgements(report):
    all_of = [judge_load(report)]
    for tracer in report['tracers']:
        all_of += [judge_size(tracer, report['load']), judge_constant(tracer, 'fds', 'descriptors'),
                   judge_constant(tracer, 'threads', 'threads'), judge_constant(tracer, 'maps', 'bytes of BPF maps')]
        all_of += [judge_zero(tracer, of, called, report['busy']) for of, called in (('loss', 'loss'), ('audit', 'error of the audit'))
                   if of in tracer]
        if tracer['status']:
            all_of.append(judged('end', True, f'{tracer["name"]} has ended with status {tracer["status"]}'))
        if 'verdicts' in tracer:
            all_of += [judge_verdicts(tracer, report['load']), judge_answers(tracer)]
    return all_of


# --------------------------------------------------------------------------------- text

def row(tracer, load):
    samples = tracer['samples']
    late, size = settled(samples), [sample['rss'] / MIB for sample in samples]
    span = samples[-1]['at_s'] - samples[0]['at_s']
    cpu = 100 * (samples[-1]['cpu_s'] - samples[0]['cpu_s']) / span if span else math.nan
    course = '-'
    if late[-1]['at_s'] - late[0]['at_s'] >= LEAST_S * 2 / 3:
        (rise, low, high), _, _ = growth(late, load)
        course = f'{rise * 3600 / KIB:+,.0f} ({low * 3600 / KIB:+,.0f}..{high * 3600 / KIB:+,.0f})'
    fds = [sample['fds'] for sample in late]
    return (f'{tracer["name"]:8}{size[0]:8.1f}{late[0]["rss"] / MIB:8.1f}{size[-1]:8.1f}{max(size):8.1f}'
            f'{samples[-1]["pss"] / MIB:8.1f}  {course:>28}{min(fds):6}..{max(fds):<4}{samples[-1]["threads"]:5}'
            f'{cpu:8.2f}{samples[-1]["maps"] / MIB:8.1f}')


def text(report):
    load = report['load']
    lines = [f'{report["seconds"]} s{" on a busy host" if report["busy"] else ""} of {load["connections_per_s"]:,} connections a second ({load["connections"]:,}), '
             f'{load["namespaces"]:,} namespaces and control groups made and deleted;',
             f'Linux {report["kernel"]}, {report["processors"]} processors', '',
             f'{"":8}{"MiB resident: first,":>24}{"":8}{"":8}{"":8}  {"KiB an hour in the":>28}{"descrip-":>10}{"":6}'
             f'{"% of a":>7}{"MiB of":>8}',
             f'{"":8}{"":8}{"at 1/3":>8}{"last":>8}{"most":>8}{"PSS":>8}  {"last two thirds (95 %)":>28}{"tors":>10}'
             f'{"thr.":>6}{"CPU":>7}{"maps":>8}']
    lines += [row(tracer, load) for tracer in report['tracers']]
    lines += [''] + [f'{said["verdict"]:12}{said["why"]}' for said in report['judgements']]
    return '\n'.join(lines)
