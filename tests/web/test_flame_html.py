# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of `twtrace flame`, in a browser, with scripts and without."""
import base64
import hashlib
import html.parser
import os
import re
import sys
from xml.etree import ElementTree

import browser as web
from looks import assert_colors, assert_dimmed_texts_are_read, assert_texts_fit
from page import children, graph_width, set_to, table, tooltips, weigh_by, width

KINDS = ['usual', 'compared', 'raw', 'service', 'hostile', 'big', 'whole', 'empty']


class Balance(html.parser.HTMLParser):
    """Notes what is opened and not closed, and the other way round."""

    EMPTY = {'meta', 'input', 'rect'}

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.texts = [], [], {'script': [], 'style': []}

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag in self.texts:
            self.texts[tag].append('')
        self.wrong += [name for name, _ in attrs if name == 'style' or name.startswith('on')]

    def handle_endtag(self, tag):
        if tag not in self.EMPTY and (not self.open or self.open.pop() != tag):
            self.wrong.append(f'/{tag} at {self.getpos()}')

    def handle_data(self, data):
        if self.open and self.open[-1] in self.texts:
            self.texts[self.open[-1]][-1] += data


def read(browser, kind):
    with open(browser.file('html', kind), encoding='utf-8') as file:
        return file.read()


def test_the_markup_is_in_order(browser):
    for kind in KINDS:
        balance = Balance()
        balance.feed(read(browser, kind))
        balance.close()
        assert not balance.open and not balance.wrong, (kind, balance.open, balance.wrong)
        assert len(balance.texts['script']) == 2 and len(balance.texts['style']) == 1, kind


def test_the_policy_names_the_bytes_that_are_there(browser):
    page = read(browser, 'usual')
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    balance = Balance()
    balance.feed(page)
    for tag, text in [('script', balance.texts['script'][1]), ('style', balance.texts['style'][0])]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy, (tag, policy)
    for part in ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]:
        assert part in policy, policy
    assert 'unsafe' not in policy


def test_the_policy_keeps_others_out(browser):
    browser.open('html')
    browser.js('''
        const script = document.createElement('script');
        script.textContent = 'window.intruder = true';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<p style="color: red" id="styled">');
        document.body.insertAdjacentHTML('beforeend', '<img src="x.png">')''')
    assert not browser.js('return window.intruder')
    assert browser.js('return getComputedStyle(styled).color') != 'rgb(255, 0, 0)'
    console, _ = browser.take_logs()
    for what in ['inline script', 'inline style', 'x.png']:
        assert any(what in line and 'violates' in line for line in console), (what, console)
    browser.url = None


def test_it_draws_what_the_svg_has(browser):
    for kind in KINDS[:3] + ['big']:
        svg = {(frame[0].text, frame.get('class'))
               for frame in ElementTree.parse(browser.file('svg', kind)).iter(
                   '{http://www.w3.org/2000/svg}svg') if frame.get('role')}
        browser.open('html', kind)
        page = {tuple(frame) for frame in tooltips(browser)}
        # its window is wider: there may be room for more
        others = page - svg if kind != 'big' else svg - page
        assert not others and svg <= page, f'{kind}: {list(page - svg)[:2]}, {list(svg - page)[:2]}'


def test_texts_stay_in_their_frames(browser):
    for kind in KINDS[:-1]:
        browser.open('html', kind)
        assert_texts_fit(browser, kind)


def test_hover_and_keyboard_focus_tell_figures(browser):
    browser.open('html')
    browser.hover(browser.frame(':8443'))
    browser.wait("return document.getElementById('name').textContent === 'payments-api › :8443'")
    assert browser.text('#figures') == 'connections: 9,200 (15.8 % of all, 85.2 % of its parent)'
    browser.js("document.querySelector('.frame[tabindex=\"0\"]').focus()")
    browser.keys('\ue015\ue014')    # down, right
    assert browser.text('#name') == 'nginx.service', browser.text('#name')
    browser.keys('\ue007')
    assert abs(width(browser.frame('nginx.service')) - graph_width(browser)) < 1
    browser.keys('\ue00c')
    assert width(browser.frame('nginx.service')) < graph_width(browser) * .7


def test_zoom_shows_a_part_and_its_table(browser):
    browser.open('html')
    browser.frame('payments-api').click()
    assert abs(width(browser.frame('payments-api')) - graph_width(browser)) < 1
    names = [row[0] for row in table(browser)[1:]]
    assert 'payments-api' in names and 'nginx.service' not in names, names
    assert 'zoom=payments-api' in browser.js('return location.hash')
    browser.find('#reset').click()
    assert 'nginx.service' in [row[0] for row in table(browser)[1:]]


def test_another_weight_is_another_picture(browser):
    browser.open('html')
    weigh_by(browser, 'time that TIME_WAIT held ports')
    assert browser.text('#title') == 'Time that TIME_WAIT held ports on web-1'
    assert browser.text('#total') == '20d03h in all, by service, port, remote, state, stack', \
        browser.text('#total')
    assert children(browser) == ['nginx.service'], children(browser)
    assert 'weight=time_wait_seconds' in browser.js('return location.hash')
    weigh_by(browser, 'open connections')
    assert browser.text('#total').startswith('9,796 open connections in all'), \
        browser.text('#total')
    weigh_by(browser, 'sockets in TIME_WAIT')
    assert browser.text('#title') == 'Sockets in TIME_WAIT on web-1'
    assert browser.text('#total').startswith('7,250 sockets in TIME_WAIT in all'), \
        browser.text('#total')


def test_frames_can_be_chosen_and_ordered(browser):
    def move(name, where):
        browser.find(f'#by li[data-name={name}] button[aria-label^="Move {name} {where}"]').click()

    browser.open('html')
    for _ in range(3):
        move('state', 'outwards')
    names = browser.js("return [...document.querySelectorAll('#by li')].map((li) => li.dataset.name)")
    assert names == ['state', 'service', 'port', 'remote', 'stack', 'close'], names
    assert len(children(browser)) == 10 and 'TIME_WAIT' in children(browser), children(browser)
    assert browser.frame('CLOSE_WAIT').get_attribute('class') == 'frame state-CLOSE_WAIT'
    assert browser.js('return document.activeElement.textContent') == '›', 'the focus is lost'
    browser.frame('TIME_WAIT').click()
    browser.find('#by li[data-name=service] input').click()
    assert abs(width(browser.frame('TIME_WAIT')) - graph_width(browser)) < 1, 'the zoom is lost'
    assert not browser.js("return [...document.querySelectorAll('.frame title')].some((title) =>"
                          " title.textContent.startsWith('nginx'))")
    assert browser.text('#total') == '58,400 connections in all, by state, port, remote, stack'
    assert 'by=state%2Cport%2Cremote%2Cstack' in browser.js('return location.hash')
    browser.js('''
        const [from, to] = ['close', 'state'].map((name) =>
            document.querySelector(`#by li[data-name=${name}]`));
        const dataTransfer = new DataTransfer();
        for (const [el, type] of [[from, 'dragstart'], [to, 'dragover'], [to, 'drop']])
            el.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}))''')
    names = browser.js("return [...document.querySelectorAll('#by li')].map((li) => li.dataset.name)")
    assert names[:2] == ['close', 'state'], names


def test_no_order_loses_anything(browser):
    for kind, total in [('big', '3,390,411'), ('usual', '58,400')]:
        browser.open('html', kind)
        for by in ['state', 'stack,state', 'close,remote,service', '']:
            browser.open('html', kind, 'by=' + by.replace(',', '%2C'))
            words = tooltips(browser)[0][0].split('\n')[1]
            assert words == f'connections: {total}', (kind, by, words)
    browser.open('html', 'big', 'by=state%2Cservice')
    others = [name for name in children(browser) if name.startswith('(other')]
    assert others[0] == '(other)' and re.fullmatch(r'\(other: [\d,]+ stacks\)', others[1]) and \
        len(others) == 2, others
    assert browser.frame(others[0]).get_attribute('class') == 'frame folded'
    assert browser.js('''
        return [...document.querySelectorAll('.frame[aria-level="3"] title')].some((title) =>
            title.textContent.startsWith('worker-1.service'))'''), 'what is known below is lost'


def test_the_legend_names_services(browser):
    browser.open('html', 'service')
    legend = browser.js('''
        return [...document.querySelectorAll('#legend span')].map((item) => [
            item.textContent.trim(), item.querySelector('svg')?.getAttribute('class')])''')
    assert [name for name, _ in legend] == [
        'nginx.service', 'payments-api', 'docker:3f2a9c01b7de', '支払いサービス🔥.service',
        'several services'], legend
    for name, tone in legend[:-1]:
        assert browser.frame(name).get_attribute('class') == f'frame {tone}', (name, tone)
    browser.open('html', 'big', 'color=service')
    legend = browser.text('#legend')
    assert legend.count('worker-') == 8 and 'and 8 more' in legend, legend


def test_a_comparison_has_both_sides(browser):
    browser.open('html', 'compared')
    assert table(browser)[0] == ['Name', 'Frame', 'Now', 'Base', 'Difference']
    browser.find('#table [data-key=difference]').click()
    assert table(browser)[1] == ['Pool::checkout<Connection&>()', 'stack', '10,800', '1,596', '+9,204'], \
        table(browser)[1]
    assert browser.frame('batch-export.timer').get_attribute('class') == 'frame shrunk-5'
    assert not browser.find('#color').is_displayed()
    assert browser.text('#total') == \
        '58,400 connections now, 39,315 in the base, by service, port, remote, state, stack'
    said = browser.text('header')
    assert 'compares shares' not in said and not browser.js("return document.querySelector('.caveat')")
    browser.open('html', 'raw')
    assert 'The lengths of the two differ (10m00s and 5m00s): --normalize compares shares' in \
        browser.text('header'), browser.text('header')


def test_colors_are_by_state_or_by_service(browser):
    for dark in (False, True):
        browser.open('html', dark=dark)
        assert_colors(browser, dark)
        assert_dimmed_texts_are_read(browser, dark)
    legend = browser.text('#legend')
    assert 'TIME_WAIT' in legend and 'several states' in legend, legend
    set_to(browser, '#color', 'service')
    tones = {name: browser.frame(name).get_attribute('class') for name in
             ['payments-api', ':8443', 'main', 'nginx.service', 'all']}
    assert tones['payments-api'] == tones[':8443'] == tones['main'] != tones['nginx.service'], tones
    assert tones['all'] == 'frame mixed', tones


def test_foreign_names_stay_text(browser):
    browser.open('html', 'hostile')
    shown = children(browser)
    for name in ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', ']]>', '&amp;',
                 'a;b;c 443', '\\xff\\xfe\\xc3(', '\\xe2\\x80\\xaegnp.exe', '\\xef\\xbf\\xbe and \\xef\\xbf\\xbf',
                 '\U0001f4a3 non-BMP \U00010348', '__proto__', 'constructor', '-->', '']:
        assert name in shown, f'{name!r} is not among {shown}'
    assert browser.text('#title') == 'Connections on </title><script>alert(5)</script>'
    tags = browser.js("return [...document.querySelectorAll('*')].map((el) => el.localName)")
    assert tags.count('script') == 2 and 'img' not in tags
    browser.frame('"><img src=x onerror=alert(1)>').click()
    browser.type('#search', '<script>')
    assert browser.text('#matched') != 'Nothing matches.'


def test_it_can_be_read_without_scripts(browser):
    for kind, rows in [('usual', 15), ('hostile', 17), ('big', 30)]:
        browser.open('html', kind, scripts=False)
        browser.wait("return document.querySelectorAll('noscript tbody tr').length > 0")
        count = browser.js("return document.querySelectorAll('noscript tbody tr').length")
        assert count == rows, (kind, count)
        assert not browser.find('#page').is_displayed()
    browser.open('html', scripts=False)
    first = browser.js("return document.querySelector('noscript tbody tr').innerText.split('\\t')")
    assert first == ['21,000', '36.0 %', 'nginx.service › :443 › 192.0.2.10 › TIME_WAIT'], first


def test_nothing_to_draw_is_said(browser):
    browser.open('html', 'empty')
    browser.wait("return !document.getElementById('page').hidden")
    assert browser.find('#nothing').text == 'There was nothing to draw: no connections in this window.'


def test_the_dark_is_dark(browser):
    grounds = []
    for dark in (False, True):
        browser.open('html', dark=dark)
        grounds.append(browser.js('return getComputedStyle(document.body).backgroundColor'))
    assert grounds[0] == 'rgb(255, 255, 255)' and grounds[1] != grounds[0], grounds


def test_it_follows_the_window(browser):
    try:
        browser.open('html')
        browser.driver.set_window_size(700, 800)
        browser.wait("return Number(document.getElementById('picture').getAttribute('width')) < 690")
        assert_texts_fit(browser, 'narrow')
        assert abs(width(browser.frame('all')) - graph_width(browser)) < 1
        assert browser.js('return document.documentElement.scrollWidth') <= 700
    finally:
        browser.driver.set_window_size(1280, 900)


def test_the_largest_are_quick_and_small(browser):
    assert os.path.getsize(browser.file('html', 'big')) < 5 << 20
    browser.open('html', 'whole')   # all 100,000 stacks
    took = browser.js('''
        const begin = performance.now();
        document.getElementById('weight').dispatchEvent(new Event('change'));
        return performance.now() - begin''')
    assert took < 10000, f'100,000 stacks take {took} ms'
    print(f'# 100,000 stacks are drawn in {took:.0f} ms')


if __name__ == '__main__':
    web.run(sys.modules[__name__])
