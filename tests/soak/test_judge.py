# SPDX-License-Identifier: GPL-2.0-or-later
"""What the soak says of courses that are known: what grows is found, what wavers is not."""
import math
import unittest

import judge

HOUR = 1200


def tracer(rss, **more):
    samples = [{'at_s': float(at), 'rss': int(rss(at)), 'pss': 1, 'fds': 20 + (at % 3 == 0), 'threads': 2, 'maps': 4096,
                'cpu_s': at / 100} for at in range(0, HOUR, 5)]
    for name in ('fds', 'threads', 'maps'):
        for sample in samples if name in more else ():
            sample[name] = more[name](sample['at_s'])
    return {'name': 'top', 'command': 'twtrace top', 'status': more.get('status', 0), 'samples': samples,
            'loss': more.get('loss', {'ring_full': 0}), 'audit': more.get('audit', {'time_wait': 0})}


def wavering(at):
    """40 MiB, and a third up and down."""
    return (40 + 0.3 * math.sin(at / 7) + (at * 7919 % 13) / 39) * judge.MIB


LOAD = {'leaking': ['close_wait lk-cw-slow'], 'innocent': ['idle-pool'], 'connections_per_s': 300, 'connections': 300 * HOUR,
        'namespaces_per_s': 0, 'namespaces': 0, 'failed': [], 'held': []}


class Judge(unittest.TestCase):
    def failed(self, *tracers, load=None, busy=False, seconds=HOUR):
        report = {'tracers': tracers, 'load': LOAD | (load or {}), 'busy': busy, 'seconds': seconds}
        return [said['what'] for said in judge.judgements(report) if said['verdict'] == 'failed']

    def test_a_size_that_wavers_is_flat(self):
        self.assertEqual(self.failed(tracer(wavering)), [])

    def test_a_size_that_fills_up_and_stays_is_flat(self):
        self.assertEqual(self.failed(tracer(lambda at: 9 * judge.MIB + min(at, 300) * 100000)), [])

    def test_a_kilobyte_a_second_is_found_in_what_wavers(self):
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + 1024 * at)), ['size of top'])

    def test_a_kilobyte_of_each_socket_that_leaks_hold_is_none_of_ours(self):
        held = {'held': [{'at_s': at, 'sockets': 30 + at // 2} for at in range(0, HOUR, 5)]}
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + 512 * at), load=held), [])
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + 2048 * at), load=held), ['size of top'])

    def test_the_names_of_groups_are_none_of_ours_until_there_are_enough(self):
        named = {'namespaces': 5 * HOUR, 'namespaces_per_s': 5}
        grows = tracer(lambda at: wavering(at) + 64 * 5 * at)
        self.assertEqual(self.failed(grows, load=named), [])
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + 2048 * at), load=named), ['size of top'])
        many = {'namespaces': 50 * HOUR, 'namespaces_per_s': 50}
        self.assertEqual(judge.kept_more({'held': []} | many, HOUR / 3, HOUR), 0)

    def test_steps_are_found(self):
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + at // 200 * 300000)), ['size of top'])

    def test_growth_that_begins_late_is_found(self):
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + max(0, at - 900) * 30000)), ['size of top'])

    def test_a_peak_that_has_been_before_is_no_growth(self):
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) + (500 < at < 600 or at > 1100) * 2 * judge.MIB)), [])

    def test_a_size_that_falls_is_no_failure(self):
        self.assertEqual(self.failed(tracer(lambda at: wavering(at) - 4096 * at)), [])

    def test_the_slope_is_that_of_most_points(self):
        points = [(at, 3.0 * at + (1e6 if at % 7 == 0 else 0)) for at in range(40)]
        median, low, high = judge.slope(points)
        self.assertAlmostEqual(median, 3)
        self.assertLessEqual(low, 3)
        self.assertGreaterEqual(high, 3)

    def test_descriptors_threads_and_maps_that_stay_open_are_found(self):
        for name, what in (('fds', 'descriptors'), ('threads', 'threads'), ('maps', 'bytes of BPF maps')):
            self.assertEqual(self.failed(tracer(wavering, **{name: lambda at: 20 + at // 600 + at // 900})), [f'{what} of top'])

    def test_descriptors_that_begin_to_stay_open_late_are_found(self):
        self.assertEqual(self.failed(tracer(wavering, fds=lambda at: 20 + max(0, at - HOUR * 0.85) // 20)), ['descriptors of top'])
        self.assertEqual(self.failed(tracer(wavering, fds=lambda at: 20 + (at % 100 < 10))), [])

    def test_loss_errors_and_ends_are_found(self):
        self.assertEqual(self.failed(tracer(wavering, loss={'ring_full': 0, 'skipped': 1})), ['loss of top'])
        self.assertEqual(self.failed(tracer(wavering, audit={'established': 2})), ['error of the audit of top'])
        self.assertEqual(self.failed(tracer(wavering, status=1)), ['end'])

    def test_what_was_not_told_has_not_passed(self):
        self.assertEqual(self.failed(tracer(wavering, loss={})), ['loss of top'])
        self.assertEqual(self.failed(tracer(wavering, audit={})), ['error of the audit of top'])
        self.assertEqual(self.failed(tracer(wavering, audit={}), busy=True), [])

    def test_a_load_that_was_none_is_found(self):
        flat = tracer(wavering)
        self.assertEqual(self.failed(flat, load={'connections': 100 * HOUR}), ['load'])
        self.assertEqual(self.failed(flat, load={'namespaces_per_s': 5}), ['load'])
        self.assertEqual(self.failed(flat, load={'failed': ['the churn has ended: no memory']}), ['load'])
        self.assertEqual(self.failed(flat, load={'namespaces': 5 * HOUR, 'namespaces_per_s': 5}), [])
        # a short one on a busy host may have been slow, but not idle
        self.assertEqual(self.failed(flat, load={'connections': 600, 'namespaces': 30, 'namespaces_per_s': 5}, seconds=20), [])
        self.assertEqual(self.failed(flat, load={'connections': 0, 'namespaces': 30, 'namespaces_per_s': 5}, seconds=20), ['load'])

    def test_verdicts_that_change_or_accuse_the_innocent_are_found(self):
        leak, innocent = 'close_wait lk-cw-slow', 'close_wait ok-idle-pool'
        besides = 'closed_held lk-cw-slow'
        for sets, fails in (([[]] + [[leak]] * 9, False), ([[leak]] * 5 + [[leak, besides]] * 5, False),
                            ([[leak]] * 9 + [[besides]], True), ([[leak]] * 9 + [[]], True), ([[leak, innocent]] * 10, True),
                            ([[]] * 10, True)):
            server = tracer(wavering) | {'answers': {'200': 3}, 'events': 1, 'verdicts': [
                {'at_s': 20.0 + 40 * i, 'accused': accused} for i, accused in enumerate(sets)]}
            self.assertEqual(self.failed(server), ['verdicts'] if fails else [], sets)

    def test_an_answer_that_is_none_is_found(self):
        server = tracer(wavering) | {'answers': {'200': 3, '503': 1}, 'events': 1, 'verdicts': []}
        self.assertEqual(self.failed(server), ['answers'])

    def test_of_a_short_time_only_what_does_not_depend_on_it_is_judged(self):
        short = tracer(lambda at: at * judge.MIB)
        short['samples'] = short['samples'][:6]
        report = {'tracers': [short], 'load': LOAD, 'busy': False, 'seconds': HOUR}
        self.assertEqual({said['verdict'] for said in judge.judgements(report)}, {'passed', 'not judged'})


if __name__ == '__main__':
    unittest.main()
