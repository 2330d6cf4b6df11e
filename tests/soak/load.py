# SPDX-License-Identifier: GPL-2.0-or-later
"""What is traced: connections that come and go, leaks, and namespaces that are made and deleted."""
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_PDEATHSIG = 1
# port, workload of tests/live/leaks; lk- is to be accused, of this kind
LEAKING = [(27010, 'cw-slow', 'close_wait'), (27020, 'tw-churn', 'time_wait_churn'),
           (27030, 'closed-rst', 'closed_held')]
INNOCENT = [(27110, 'idle-pool'), (27120, 'busy-pool'), (27130, 'longlived'), (27140, 'life15'),
            (27150, 'restart'), (27160, 'short')]
FD_LIMIT = 4096     # of those that leak descriptors


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(command, **more):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **more)


def named_netns(name):
    subprocess.run(['ip', 'netns', 'add', name], check=True)
    subprocess.run(['ip', '-n', name, 'link', 'set', 'lo', 'up'], check=True)


class Load:
    """A context: it goes on from its begin to its end. `ports` are those of the leaks, `all_ports`
    those of all connections."""
    all_ports = '10000-10019,27000-27199'

    def __init__(self, build, work, opts):
        self.build, self.work, self.opts = build, work, opts
        self.names = [f'soak{os.getpid()}-{what}' for what in ('churn', 'leaks')]
        self.processes, self.said_by, self.done = [], {}, threading.Event()
        self.connections, self.failed, self.held = 0, [], []
        self.workloads = [(port, name) for port, name, _ in LEAKING] + INNOCENT
        self.ports = [port for port, _ in self.workloads]
        self.thread = threading.Thread(target=self.churn_or_say)

    def __enter__(self):
        try:
            for name in self.names:
                named_netns(name)
            for port, workload in self.workloads:
                self.start_leak(port, workload)
            if self.opts.netns_rate:
                self.count = open(f'{self.work}/namespaces', 'w+b')
                self.processes.append(start([f'{HERE}/namespaces', str(self.opts.netns_rate)],
                                            stdout=self.count))
            self.thread.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.done.set()
        if self.thread.ident:
            self.thread.join()
        # they take back what they have made
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        for name in self.names:
            subprocess.run(['ip', 'netns', 'del', name], stderr=subprocess.DEVNULL)

    def start_leak(self, port, workload):
        command = ['ip', 'netns', 'exec', self.names[1], f'{self.build}/tests/leaks', workload, '--port', str(port)]
        if workload in ('cw-slow', 'closed-rst'):
            # to the end they have descriptors left
            command += ['--rate', f'{min(0.33, 0.8 * FD_LIMIT / self.opts.span):.5f}']
        out = open(f'{self.work}/{workload}.load', 'w+')
        self.leaker = start(command, stdout=out, stderr=out)
        self.said_by[self.leaker.pid] = out
        self.processes.append(self.leaker)

    def churn_or_say(self):
        try:
            self.churn()
        except Exception as why:    # whatever it is, it is judged
            self.failed.append(f'the churn has ended: {why}')

    def churn(self):
        """As many connections each second, in one burst."""
        due = time.monotonic()
        while self.opts.rate and not self.done.wait(max(0, due - time.monotonic())):
            due = max(due + 1, time.monotonic())
            process = start(['ip', 'netns', 'exec', self.names[0], f'{self.build}/bench/churn', '--here',
                             '--count', str(self.opts.rate)], stdout=subprocess.DEVNULL)
            if process.wait() == 0:
                self.connections += self.opts.rate
            elif not self.failed:
                self.failed.append(f'a burst of connections has ended with status {process.returncode}')

    def measure(self, at_s):
        """The sockets that those who leak hold, more and more of them."""
        with open(f'/proc/{self.leaker.pid}/net/sockstat') as file:
            words = next(line for line in file if line.startswith('TCP:')).split()
        self.held.append({'at_s': round(at_s, 2), 'sockets': int(words[words.index('inuse') + 1])})

    def check(self):
        for process in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f'{" ".join(process.args)} has ended with status {process.returncode}'
                                   f'{self.last_words(process)}')

    def last_words(self, process):
        out = self.said_by.get(process.pid)
        if not out:
            return ''
        out.seek(0)
        return ''.join(f': {line.strip()}' for line in out.readlines()[-1:])

    def said(self):
        namespaces = 0
        if self.opts.netns_rate:
            self.count.seek(0)
            namespaces = int((self.count.read().split() or [0])[-1])
        return {'connections': self.connections, 'connections_per_s': self.opts.rate, 'namespaces': namespaces,
                'namespaces_per_s': self.opts.netns_rate, 'failed': self.failed, 'held': self.held,
                'leaking': [f'{kind} lk-{name}' for _, name, kind in LEAKING], 'innocent': [name for _, name in INNOCENT]}


if __name__ == '__main__':
    sys.exit('a part of tests/soak/run')
