# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page as it is served: what it asks for, and what it makes of the answers."""
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import browser as web
from report import TWTRACE, fragment, open_tab, tiles
from served import HOST, Served

SHOWN = "return !document.getElementById('panels').hidden"
IS = 'return document.querySelector(arguments[0])?.textContent === arguments[1]'
HAS = 'return document.querySelector(arguments[0])?.textContent.includes(arguments[1])'
# To a page that is not looked at, its document says so.
LOOK = '''
    Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
    document.dispatchEvent(new Event('visibilitychange'))'''


def until(what, why):
    deadline = time.monotonic() + web.SECONDS
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def visit(browser, served, fragment_=''):
    browser.visit(served.url, fragment_)
    browser.wait(SHOWN)


def event(number, **more):
    return {'kind': 'transition', 'time': '2026-01-02T03:04:05.678901234Z', 'cookie': number,
            'local_addr': '127.0.0.1', 'local_port': 1000 + number, 'remote_addr': '::1',
            'remote_port': 80, 'direction': 'outgoing', 'pid': 7, 'comm': 'curl', 'from': 'SYN_SENT',
            'to': 'ESTABLISHED', 'in_state_us': 77, 'error': None, 'reset': None, **more}


def test_it_is_live(browser):
    with Served(browser) as served:
        visit(browser, served)
        assert browser.text('#state') == 'Live' and tiles(browser)['Open'][0] == '93'
        assert '0.1.0, 12 MiB of memory' in browser.text('#basis'), browser.text('#basis')
        served.documents['host'] = {**HOST, 'to': '2026-01-02T03:04:25.678901234Z', 'cpu_s': 0.35}
        served.documents['top']['totals']['open'] = 4321
        served.documents['top']['services'][0]['open'] = 1234
        served.documents['leaks']['verdicts'] = []
        browser.wait("return document.querySelector('.tile .value').textContent === '4,321'")
        browser.wait("return document.querySelector('#panel-services td').textContent === '1,234'")
        assert 'Events' in browser.text('.tabs')
        browser.js('ALWAYS.host = 0; page.open()')
        browser.wait(HAS, '#basis', '1.0 % of a CPU')


def test_rates_over_the_whole_time_are_not_those_of_now(browser):
    with Served(browser) as served:
        top = served.documents['top']
        assert top['rates_over_s'] > 50
        visit(browser, served)
        assert tiles(browser)['Opened/s'][0] == '–', tiles(browser)
        top['rates_over_s'], top['totals']['opened_per_s'] = 2.0, 17.5
        top['services'][0]['opened_per_s'] = 1234.5
        browser.wait(HAS, '#tiles', '17.5')
        browser.wait(HAS, '#panel-services tbody', '1,234.5')


def test_it_says_which_connections_were_sent(browser):
    with Served(browser) as served:
        sent = len(served.documents['list']['sockets'])
        served.documents['list']['total'] = 1756
        browser.visit(served.url, 'tab=connections')
        browser.wait(SHOWN)
        of = f'the {sent} oldest of 1,756 connections; the filter and the order are of these'
        browser.wait(HAS, '#panel-connections .count', of)


def test_the_course_goes_on_between_two_histories(browser):
    with Served(browser) as served:
        visit(browser, served)
        top = served.documents['top']
        top['to'] = top['to'].replace('T23:39:29', 'T23:39:49')
        top['totals']['time_wait'] = 7654
        browser.wait(HAS.replace('textContent', 'ariaLabel'), 'canvas', 'TIME-WAIT now 7,654')
        assert served.asked.count('history') == 1


def test_only_what_is_shown_is_asked_for(browser):
    with Served(browser) as served:
        visit(browser, served)
        assert 'list' not in served.asked and 'flame' not in served.asked
        open_tab(browser, 'connections')
        browser.wait("return document.querySelectorAll('#panel-connections tbody tr').length > 100")
        open_tab(browser, 'flame')
        browser.wait("return document.querySelector('.frame') !== null")
        del served.asked[:]
        until(lambda: served.asked.count('top') >= 2, 'nothing more is asked for')
        assert 'list' not in served.asked, served.asked


def test_nobody_is_asked_for_what_nobody_sees(browser):
    with Served(browser) as served:
        visit(browser, served, 'tab=events')
        until(lambda: served.streams, 'there is no stream')
        browser.js(LOOK, True)
        until(lambda: served.tell(event(1)) or served.ended, 'the stream goes on')
        # one that is under way may still come
        count = len(served.asked)
        browser.js('return new Promise((resolve) => { setTimeout(resolve, 2 * ROUND_MS + 500); })')
        assert len(served.asked) <= count + len(served.documents), served.asked[count:]
        count = len(served.asked)
        browser.js('return new Promise((resolve) => { setTimeout(resolve, ROUND_MS + 500); })')
        assert len(served.asked) == count, 'it asks on'
        browser.js(LOOK, False)
        until(lambda: len(served.asked) > count and len(served.streams) == 2, 'it does not go on')


def test_it_says_when_nobody_answers_and_goes_on_by_itself(browser):
    with Served(browser) as served:
        visit(browser, served)
        served.stop()
        browser.wait(IS, '#state', 'The server does not answer; trying again')
        assert tiles(browser)['Open'][0] == '93', 'what was known is not shown any more'
        served.documents['top']['totals']['open'] = 17
        served.start()
        browser.wait(IS, '#state', 'Live')
        assert tiles(browser)['Open'][0] == '17'
        served.status = 503
        browser.wait(HAS, '#state', 'The server answers 503')
        served.status = 200
        browser.wait(IS, '#state', 'Live')
        browser.take_logs()     # failed requests are told there, and meant to be
        browser.url = None


def test_what_the_server_lacks_is_left_out(browser):
    with Served(browser) as served:
        for name in ('history', 'doctor', 'host'):
            served.documents.pop(name, None)
        visit(browser, served)
        assert 'Findings' not in tiles(browser) and browser.text('#state') == 'Live'
        browser.take_logs()
        browser.url = None


def test_a_token_is_asked_for_and_kept_for_this_window_alone(browser):
    with Served(browser, token='open sesame') as served:
        browser.visit(served.url)
        browser.wait("return !document.getElementById('token').hidden")
        assert browser.js("return document.getElementById('panels').hidden")
        count = len(served.asked)
        for token in ('wrong', 'open sesame'):
            browser.type('#token-text', token)
            browser.keys('\ue007')
            if token == 'wrong':
                browser.wait(IS, '#token-said', 'The server does not take this token.')
        browser.wait(SHOWN)
        assert len(served.asked) > count
        assert browser.js("return document.getElementById('token').hidden")
        kept = browser.js('return [Object.values(sessionStorage), localStorage.length, document.cookie]')
        assert kept == [['open sesame'], 0, ''], kept
        assert 'sesame' not in browser.js('return location.href')
        open_tab(browser, 'events')
        until(lambda: served.streams, 'the stream has no token')
        browser.take_logs()
        browser.url = None


def test_events_come_pause_and_are_filtered(browser):
    with Served(browser) as served:
        visit(browser, served, 'tab=events')
        until(lambda: served.streams, 'there is no stream')
        for number in range(700):
            served.tell(event(number))
        served.tell(event(700, kind='time_wait_exit', substate='TIME_WAIT', reason='reused',
                          residence_ms=1234.5, evidence='inferred'))
        served.tell({'kind': 'loss', 'time': None, 'count': 12, 'cause': 'output_full'})
        browser.wait(HAS, '#panel-events tbody tr', 'events were lost')
        rows = browser.js('''
            return [...document.querySelectorAll('#panel-events tbody tr')].slice(0, 3).map((row) =>
                [...row.cells].map((cell) => cell.textContent))''')
        assert rows[0][1] == 'events were lost' and '12 output_full' in rows[0][6], rows[0]
        assert rows[1][1] == 'TIME_WAIT exit (inferred)' and rows[1][6] == 'reused, after 1.23s', rows[1]
        assert rows[2] == ['03:04:05.678', 'SYN_SENT → ESTABLISHED', 'curl[7]', '127.0.0.1:1699', '→',
                           '[::1]:80', '77.0us'], rows[2]
        assert browser.js("return document.querySelectorAll('#panel-events tbody tr').length") == 500
        browser.keys('/')
        browser.keys('reused')
        seen = browser.js('''
            return [...document.querySelectorAll('#panel-events tbody tr')].filter((row) => !row.hidden)
                .length''')
        assert seen == 1, seen
        browser.keys('\ue00c')
        browser.js("document.querySelector('#panel-events [aria-pressed]').click()")
        served.tell(event(900))
        browser.wait(HAS, '#panel-events .count', '1 more came meanwhile')
        assert '127.0.0.1:1900' not in browser.text('#panel-events tbody')
        browser.js("document.querySelector('#panel-events [aria-pressed]').click()")
        browser.wait(HAS, '#panel-events tbody', '127.0.0.1:1900')


def test_kinds_of_events_are_the_servers_affair(browser):
    with Served(browser) as served:
        visit(browser, served, 'tab=events')
        until(lambda: served.streams, 'there is no stream')
        browser.js('''
            const kinds = document.querySelector('#panel-events select');
            kinds.value = [...kinds.options].find(({text}) => text === 'failures').value;
            kinds.dispatchEvent(new Event('change'))''')
        until(lambda: len(served.streams) == 2, 'it is not asked anew')
        assert served.streams[1][1] == {'kind': ['connect_failed,bind_failed']}, served.streams[1][1]


def test_names_in_events_are_text(browser):
    name = '<img src=x onerror=alert(1)>'
    with Served(browser) as served:
        visit(browser, served, 'tab=events')
        until(lambda: served.streams, 'there is no stream')
        served.tell(event(1, comm=name, error=name, local_addr=name, kind='connect_failed',
                          holder={'kind': name, 'state': None, 'comm': name, 'pid': 1, 'left_ms': None}))
        browser.wait(HAS, '#panel-events tbody', name)
        assert not browser.js("return document.querySelector('img')")


def test_a_new_flame_leaves_the_zoom_where_it_is(browser):
    with Served(browser) as served:
        visit(browser, served, 'tab=flame&zoom=lk-growth')
        browser.wait("return document.querySelector('.frame') !== null")
        flame = served.documents['flame']['flame']
        row = next(row for row in flame['rows'] if flame['strings'][row[0][1]] == 'lk-growth')
        row[2] += 1000
        browser.js('WHILE_OPEN.flame = 0; page.open()')
        browser.wait('''
            return document.querySelector('.frame title').textContent.startsWith('all\\nconnections: 1,232')''')
        whole = float(browser.find('#picture').get_attribute('width'))
        assert abs(float(browser.frame('lk-growth').get_attribute('width')) - whole) < 1
        assert fragment(browser)['zoom'] == 'lk-growth'


def test_a_selection_and_the_focus_outlive_new_figures(browser):
    with Served(browser) as served:
        visit(browser, served)
        browser.js("document.querySelector('#panel-services [data-key=open]').focus()")
        browser.js('''
            window.row = document.querySelector('#panel-services tbody tr');
            getSelection().selectAllChildren(window.row.cells[0])''')
        chosen = browser.js('return String(getSelection())')
        assert chosen
        served.documents['top']['totals']['open'] = 5
        for row in served.documents['top']['services']:
            row['established'] += 1
        browser.wait("return document.querySelector('.tile .value').textContent === '5'")
        assert browser.js('return String(getSelection())') == chosen
        assert browser.js("return document.activeElement.dataset.key") == 'open'
        assert browser.js("return window.row.isConnected")


# ----------------------------------------------------------------------- the real server

class Twtrace:
    """`twtrace serve` on a port of its own, told to look at one more port."""

    def __init__(self, port, *options):
        if os.getuid() != 0:
            raise web.Skip('tracing needs root')
        self.process = subprocess.Popen(
            [TWTRACE, 'serve', '--listen', '127.0.0.1:0', '--port', str(port), *options],
            stderr=subprocess.PIPE, text=True)
        self.said = []
        self.url = None
        for line in self.process.stderr:
            self.said.append(line)
            match = re.search(r'http://127\.0\.0\.1:\d+/', line)
            if match:
                self.url = match.group(0)
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def is_ready(self):
        host = self.url.split('/')[2]
        connection = http.client.HTTPConnection(host, timeout=web.SECONDS)
        connection.request('GET', '/readyz')
        return connection.getresponse().status == 200

    def __enter__(self):
        if not self.url:
            status = self.process.wait()
            if status in (2, 3):
                raise web.Skip(f'cannot serve here: {" ".join(self.said).strip()}')
            raise AssertionError((status, self.said))
        until(self.is_ready, 'it is never ready')
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def connect(listener, count):
    """So many connections, each closed by its client first."""
    for _ in range(count):
        with socket.create_connection(listener.getsockname()) as client:
            peer, _ = listener.accept()
            client.shutdown(socket.SHUT_WR)
            assert not peer.recv(1)
            peer.close()
            assert not client.recv(1)


def test_the_real_server_shows_traffic_as_it_comes(browser):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        port = listener.getsockname()[1]
        with Twtrace(port) as twtrace:
            browser.visit(twtrace.url, 'tab=ports')
            browser.wait(SHOWN)
            assert browser.text('#state') == 'Live'
            connect(listener, 30)
            browser.wait('''
                const cells = [...document.querySelectorAll('#panel-ports tbody tr')].map((row) =>
                    [...row.cells].map((cell) => cell.textContent));
                return cells.some((row) => row[0] === arguments[0] && row[1] === 'client' &&
                    row.includes('30'))''', str(port))
            open_tab(browser, 'events')
            until(lambda: connect(listener, 1) or str(port) in browser.text('#panel-events tbody'),
                  'no event is told of')
            for tab in ('connections', 'leaks', 'budgets', 'failures', 'doctor', 'flame'):
                open_tab(browser, tab)
            browser.wait("return document.querySelector('.frame') !== null")


def test_the_real_server_takes_the_token_that_its_page_asks_for(browser):
    path = os.path.join(browser.folder, 'token')
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), 'w', encoding='utf-8') as out:
        out.write('opensesame\n')
    with Twtrace(9, '--auth-token-file', path) as twtrace:
        browser.visit(twtrace.url)
        browser.wait("return !document.getElementById('token').hidden")
        browser.type('#token-text', 'opensesame')
        browser.keys('\ue007')
        browser.wait(SHOWN)
        assert browser.text('#state') == 'Live'
        browser.take_logs()     # of the first answer, which is meant to be a refusal
        browser.url = None


if __name__ == '__main__':
    web.run(sys.modules[__name__])
