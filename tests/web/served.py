# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for `twtrace serve`: it says what it is told to say, or nothing."""
import http.server
import json
import queue
import re
import threading
import urllib.parse

from report import HOLDER, documents_in, golden

HOST = {'host': 'example', 'version': '0.1.0', 'from': '2026-01-02T03:04:05.678901234Z',
        'to': '2026-01-02T03:04:15.678901234Z', 'cpu_s': 0.25, 'resident_bytes': 12345678}
POLICY = re.compile('<meta http-equiv="Content-Security-Policy" content="([^"]*)">\n')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, kind, body, **headers):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        served = self.server.served
        if not served.up:   # the browser's connection is there still, and nobody behind it
            self.close_connection = True
            return
        path, _, query = self.path.partition('?')
        served.asked.append(path.removeprefix('/api/v1/'))
        name = path.removeprefix('/api/v1/')
        if path == '/':
            self.answer(200, 'text/html; charset=utf-8', served.page, Content_Security_Policy=served.policy)
        elif served.token and self.headers['Authorization'] != f'Bearer {served.token}':
            self.answer(401, 'text/plain', b'who are you?')
        elif served.status != 200:
            self.answer(served.status, 'text/plain', b'')
        elif path == '/events':
            self.stream(urllib.parse.parse_qs(query))
        elif name in served.documents:
            self.answer(200, 'application/json', json.dumps(served.documents[name]).encode())
        else:
            self.answer(404, 'text/plain', b'')

    def stream(self, query):
        served = self.server.served
        events = queue.Queue()
        self.send_response(200)
        self.send_header('Content-Type', 'text/event-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        served.streams.append((events, query))
        try:
            while (event := events.get()) is not None:
                self.wfile.write(f'event: {event["kind"]}\ndata: {json.dumps(event)}\n\n'.encode())
                self.wfile.flush()
        except OSError:
            pass
        finally:
            served.ended += 1


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128        # a browser connects for all documents at once

    def handle_error(self, *_):     # a browser goes away when it likes
        pass


class Served:
    """As a context: it listens within, and may be stopped and started in between."""

    def __init__(self, browser, name='leaks', token=None):
        self.browser = browser
        page = golden(name)
        self.documents = {**documents_in(page), 'host': HOST}
        self.policy = POLICY.search(page).group(1) + "; connect-src 'self'; frame-ancestors 'none'"
        self.page = HOLDER.sub('', POLICY.sub('', page)).encode()
        self.token, self.status = token, 200
        self.asked, self.streams, self.ended = [], [], 0
        self.port = 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        # what the page asks for by then is no failure of its
        self.browser.leave()
        self.stop()

    def start(self):
        self.up = True
        self.server = Server(('127.0.0.1', self.port), Handler)
        self.server.served = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.up = False
        for events, _ in self.streams:
            events.put(None)
        self.server.shutdown()
        self.server.server_close()

    def tell(self, event):
        for events, _ in self.streams:
            events.put(event)

    @property
    def url(self):
        return f'http://127.0.0.1:{self.port}/'
