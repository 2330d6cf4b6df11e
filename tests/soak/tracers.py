# SPDX-License-Identifier: GPL-2.0-or-later
"""What traces, who asks it, and what it takes."""
import fcntl
import glob
import http.client
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time

from load import start

TICKS = os.sysconf('SC_CLK_TCK')
READY_SECONDS, END_SECONDS = 60, 60


# ------------------------------------------------------------------ what a process takes

def family(pid):
    """It and those it has started."""
    found = [pid]
    for path in glob.glob(f'/proc/{pid}/task/*/children'):
        with open(path) as children:
            for child in children.read().split():
                found += family(int(child))
    return found


def field(text, name):
    found = re.search(rf'^{name}:\s+(\d+)', text, re.M)
    return int(found[1]) if found else 0


def read(path):
    with open(path) as file:
        return file.read()


def map_bytes(pid, maps):
    """Adds what BPF maps take that it has open, each once."""
    for path in glob.glob(f'/proc/{pid}/fdinfo/*'):
        try:
            text = read(path)
        except OSError:     # closed meanwhile
            continue
        if field(text, 'map_id'):
            maps[field(text, 'map_id')] = field(text, 'memlock')


def taken(pid):
    sample = {'rss': 0, 'pss': 0, 'fds': 0, 'threads': 0, 'cpu_s': 0}
    maps = {}
    for member in family(pid):
        rollup, status = read(f'/proc/{member}/smaps_rollup'), read(f'/proc/{member}/status')
        # behind the command's name, which may hold anything
        stat = read(f'/proc/{member}/stat').rpartition(')')[2].split()
        sample['rss'] += field(rollup, 'Rss') * 1024
        sample['pss'] += field(rollup, 'Pss') * 1024
        sample['fds'] += len(os.listdir(f'/proc/{member}/fd'))
        sample['threads'] += field(status, 'Threads')
        sample['cpu_s'] += (int(stat[11]) + int(stat[12])) / TICKS
        map_bytes(member, maps)
    return sample | {'maps': sum(maps.values())}


# --------------------------------------------------------------------------- the tracers

class Tracer:
    """A process of twtrace; what it prints is read, and the last line of it kept."""

    def __init__(self, name, command):
        self.name, self.command = name, command
        self.samples, self.last, self.known = [], b'', {}

    def begin(self, work):
        self.work = work
        ready, told = os.pipe()
        self.errors = open(f'{work}/{self.name}.errors', 'w+')
        self.process = self.start([*self.command, '--ready-fd', str(told)], told)
        os.close(told)
        self.thread = threading.Thread(target=self.drain)
        self.thread.start()
        os.set_blocking(ready, False)
        end = time.monotonic() + READY_SECONDS
        while not self.is_ready(ready):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f'{self.name} was never ready: {self.complaint()}')
            time.sleep(0.05)
        os.close(ready)
        self.begun = time.monotonic()

    @staticmethod
    def is_ready(ready):
        try:
            return os.read(ready, 1)
        except BlockingIOError:
            return b''

    def start(self, command, told):
        out, end = os.pipe()
        process = start(command, stdout=end, stderr=self.errors, pass_fds=[told])
        os.close(end)
        self.out = open(out, 'rb')
        return process

    def drain(self):
        for line in self.out:
            self.last = line

    def complaint(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read().strip()[-500:] or 'it said nothing'

    def measure(self):
        try:
            sample = taken(self.process.pid)
        except (FileNotFoundError, ProcessLookupError):
            # one of several has ended meanwhile; where it was the first there is no other
            if self.process.poll() is not None:
                raise RuntimeError(f'{self.name} has ended by itself: {self.complaint()}') from None
            return
        self.samples.append({'at_s': round(time.monotonic() - self.begun, 2)} | sample)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.known['status'] = self.process.wait(END_SECONDS)
        self.thread.join(END_SECONDS)
        self.learn()

    def learn(self):
        """What is known at the end: loss by its causes, errors of the audit by figure."""

    def learn_of(self, document):
        self.known['loss'] = {cause: count for cause, count in document.get('loss', {}).items() if cause != 'total'}
        if 'audit' in document:
            self.known['audit'] = {}
            for entry in document['audit']:
                for figure, said in entry.items():
                    if isinstance(said, dict) and said['error'] is not None:
                        sums = self.known['audit']
                        # errors of two namespaces do not make up for each other
                        sums.setdefault(f'{figure} {"more" if said["error"] > 0 else "fewer"}', 0)
                        sums[f'{figure} {"more" if said["error"] > 0 else "fewer"}'] += abs(said['error'])

    def said(self):
        return {'name': self.name, 'command': ' '.join(os.path.basename(word) for word in self.command)} | self.known | {
            'samples': self.samples}


class Printing(Tracer):
    """Its last line is a document."""

    def learn(self):
        if not self.last:
            raise RuntimeError(f'{self.name} has printed nothing: {self.complaint()}')
        self.learn_of(json.loads(self.last))


class Screen(Tracer):
    """In a terminal of its own, which somebody reads."""

    def start(self, command, told):
        terminal, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
        process = start(command, stdout=side, stderr=self.errors, pass_fds=[told],
                        env=os.environ | {'TERM': 'xterm-256color'})
        os.close(side)
        self.out = terminal
        return process

    def drain(self):
        try:
            while os.read(self.out, 65536):
                pass
        except OSError:     # the other side is gone
            pass


class Recorder(Tracer):
    """Of its files those that are kept are read again."""

    def learn(self):
        files = glob.glob(f'{self.work}/recorded/*')
        self.known['files'], self.known['bytes'] = len(files), sum(map(os.path.getsize, files))
        inputs = [word for file in files for word in ('-i', file)]
        self.learn_of(json.loads(subprocess.run([self.command[0], 'top', '-o', 'json', *inputs], check=True,
                                                stdout=subprocess.PIPE).stdout))


class Server(Tracer):
    """With what asks it: a Prometheus, a page that is open, one who is told of events."""
    ASKED = [('/metrics', 5), ('/api/v1/top', 1), ('/api/v1/list?limit=100', 2), ('/api/v1/leaks', 5),
             ('/api/v1/ports', 5), ('/api/v1/history', 5), ('/api/v1/doctor', 10),
             ('/debug/pprof/connections', 15)]

    def __init__(self, name, command, ports):
        super().__init__(name, command)
        self.ports, self.done, self.clients = ports, threading.Event(), []
        self.known |= {'answers': {}, 'verdicts': [], 'events': 0}

    def begin(self, work):
        super().begin(work)
        self.port = int(re.search(r'listening on http://127\.0\.0\.1:(\d+)', self.complaint())[1])
        self.clients = [threading.Thread(target=self.ask, args=asked) for asked in self.ASKED]
        self.clients.append(threading.Thread(target=self.listen))
        for client in self.clients:
            client.start()

    def get(self, path):
        client = http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
        try:
            client.request('GET', path)
            answer = client.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as why:
            return type(why).__name__, b''
        finally:
            client.close()

    def ask(self, path, every):
        while not self.done.wait(every):
            status, body = self.get(path)
            document = None
            if status == 200 and path.startswith('/api/'):
                try:
                    document = json.loads(body)
                except ValueError:
                    status = 'no JSON'
            counts = self.known['answers']
            counts[str(status)] = counts.get(str(status), 0) + 1
            if document and path == '/api/v1/leaks':
                self.note_verdicts(document)

    def listen(self):
        while not self.done.wait(1):
            client = http.client.HTTPConnection('127.0.0.1', self.port, timeout=5)
            try:
                client.request('GET', '/events?kind=connect_failed,time_wait_enter,loss')
                answer = client.getresponse()
                while not self.done.is_set() and answer.readline():
                    self.known['events'] += 1
            except (OSError, http.client.HTTPException):
                continue
            finally:
                client.close()

    def note_verdicts(self, document):
        accused = sorted({f'{said["kind"]} {said["service"]}' for said in document['verdicts'] if said['level'] == 'leak'
                          and (said['local_port'] in self.ports or said['remote_port'] in self.ports)})
        self.known['verdicts'].append({'at_s': round(time.monotonic() - self.begun, 2), 'accused': accused})

    def end(self):
        self.done.set()
        for client in self.clients:
            client.join()
        status, body = self.get('/metrics')
        if status != 200:
            raise RuntimeError(f'/metrics answers {status}')
        self.learn_metrics(body.decode())
        super().end()

    def learn_metrics(self, text):
        self.known['loss'], self.known['audit'] = {}, {}
        for name, label, value in re.findall(
                r'^twtrace_(events_lost_total|audit_error)\{\w+="(\w+)"\} (\S+)$', text, re.M):
            self.known['loss' if name == 'events_lost_total' else 'audit'][label] = float(value)


def tracers_of(twtrace, work, load, busy):
    os.mkdir(f'{work}/recorded')
    only = ['--port', load.all_ports] if busy else []
    return [
        Server('serve', [twtrace, 'serve', '--listen', '127.0.0.1:0', *only], load.ports),
        Printing('top', [twtrace, 'top', '-o', 'jsonl', *only]),
        Screen('screen', [twtrace, 'top', *only]),
        Printing('leaks', [twtrace, 'leaks', '--stacks', '-o', 'jsonl', *only]),
        Recorder('record', [twtrace, 'record', f'{work}/recorded/tcp.twr', '--max-size', '16M', '--keep', '4', *only]),
    ]


class Tracers(list):
    """A context: all of them, one after the other."""

    def __init__(self, tracers, work):
        super().__init__(tracers)
        self.work = work

    def __enter__(self):
        try:
            for tracer in self:
                tracer.begin(self.work)
        except BaseException:
            self.__exit__()
            raise
        return self

    def end(self):
        for tracer in self:
            tracer.end()

    def __exit__(self, *_):
        for tracer in self:
            if isinstance(tracer, Server):
                tracer.done.set()
            if hasattr(tracer, 'process') and tracer.process.poll() is None:
                tracer.process.kill()
                tracer.process.wait()
