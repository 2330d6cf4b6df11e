# SPDX-License-Identifier: GPL-2.0-or-later
"""The SVG file of `twtrace flame`, in a browser and without one."""
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import browser as web
from looks import assert_colors, assert_dimmed_texts_are_read, assert_texts_fit

KINDS = ['usual', 'compared', 'raw', 'service', 'hostile', 'big', 'whole', 'empty']
GRAPH = 1180    # the width of the root


def drawn(browser):
    """What the browser shows, as the file has it: words, place, label and colour."""
    return browser.js('''
        return [...document.querySelectorAll('.frame:not([display])')].map((frame) => [
            frame.querySelector('title').textContent, Number(frame.getAttribute('x')),
            Number(frame.getAttribute('y')), Number(frame.getAttribute('width')),
            frame.querySelector('text').textContent, frame.getAttribute('class')])''')


def in_file(path):
    return [[frame[0].text, float(frame.get('x')), float(frame.get('y')), float(frame.get('width')),
             frame[2].text or '', frame.get('class')]
            for frame in ElementTree.parse(path).iter('{http://www.w3.org/2000/svg}svg')
            if frame.get('role')]


def width(element):
    return float(element.get_attribute('width'))


def search(browser, term):
    browser.type('input', term)
    return browser.text('#matched')


def test_every_file_is_well_formed(browser):
    if not shutil.which('xmllint'):
        raise web.Skip('there is no xmllint (libxml2-utils)')
    for kind in KINDS:
        subprocess.run(['xmllint', '--noout', browser.file('svg', kind)], check=True)


def test_what_the_viewer_draws_is_what_the_file_has(browser):
    for kind in KINDS[:-1]:
        browser.open('svg', kind)
        file = in_file(browser.file('svg', kind))
        for i, (is_now, was) in enumerate(zip(drawn(browser), file)):
            close = all(abs(is_now[n] - was[n]) <= 0.02 for n in (1, 2, 3))
            assert close, f'{kind}: frame {i} is at {is_now}, not {was}'
            assert is_now[0] == was[0] and is_now[5] == was[5], f'{kind}: {is_now}, not {was}'
            if kind != 'hostile':    # what characters are wide, the browser's page guesses
                assert is_now[4] == was[4], f'{kind}: {is_now}, not {was}'
        assert len(file) == len(drawn(browser)), kind


def test_it_is_there_without_scripts(browser):
    browser.open('svg', 'usual', scripts=False)
    browser.wait("return document.querySelectorAll('.frame').length > 50")
    assert not browser.js("return document.querySelector('input')"), 'a box that does nothing'
    words = browser.js("return arguments[0].querySelector('title').textContent",
                       browser.frame('nginx.service'))
    assert words.split('\n') == [
        'nginx.service',
        'connections: 37,600 (64.4 % of all, 64.4 % of its parent)',
        'open connections: 2,866 (29.3 % of all, 29.3 % of its parent)',
        'sockets in TIME_WAIT: 7,250 (100 % of all, 100 % of its parent)',
        'connection time: 3d16h (29.3 % of all, 29.3 % of its parent)',
        'time that TIME_WAIT held ports: 20d03h (100 % of all, 100 % of its parent)',
        '(service)'], words


def test_the_header_says_what_it_shows(browser):
    browser.open('svg', 'usual')
    said = browser.js("return [...document.querySelectorAll('.title, .line')].map((line) =>"
                      " line.lastChild?.textContent)")
    assert said[:4] == ['Connections on web-1',
                        '58,400 connections in all, by service, port, remote, state, stack',
                        '2026-01-31T12:00:00.123Z to 2026-01-31T12:10:00.500Z (10m00s)',
                        '312 events were lost & made up for'], said


def test_texts_stay_in_their_frames(browser):
    for kind in KINDS[:-1]:
        browser.open('svg', kind)
        assert_texts_fit(browser, kind)
    browser.open('svg', 'usual', 'zoom=payments-api')
    assert_texts_fit(browser, 'zoomed')


def test_hover_tells_figures(browser):
    browser.open('svg')
    browser.hover(browser.frame(':8443'))
    browser.wait("return document.getElementById('name').textContent === 'payments-api › :8443'")
    assert browser.text('#figures') == \
        'connections: 9,200 (15.8 % of all, 85.2 % of its parent)', browser.text('#figures')
    browser.hover(browser.find('.title'))
    browser.wait("return document.getElementById('name').textContent === ''")


def test_a_click_zooms_and_reset_comes_back(browser):
    browser.open('svg')
    before = drawn(browser)
    browser.frame('payments-api').click()
    assert abs(width(browser.frame('payments-api')) - GRAPH) < 1
    assert abs(width(browser.frame('all')) - GRAPH) < 1, 'the ancestor has gone'
    shown = {words.split('\n')[0] for words, *_ in drawn(browser)}
    assert 'nginx.service' not in shown and 'Pool::checkout<Connection&>()' in shown, shown
    assert 'zoom=payments-api' in browser.js('return location.hash')
    assert abs(width(browser.frame(':8443')) - GRAPH * 9200 / 10800) < 1
    browser.frame('all').click()
    assert [row[:5] for row in drawn(browser)] == [row[:5] for row in before]
    browser.frame(':443').click()
    browser.find('button').click()
    assert drawn(browser) == before


def test_search_tells_the_share_that_matches(browser):
    browser.open('svg')
    for term, said in [('TIME_WAIT', 'Matched: 49.7 %'),
                       ('nginx|TIME_WAIT', 'Matched: 64.4 %'),    # one within the other
                       ('^main$', 'Matched: 18.5 %'),
                       ('SERVE(', 'Matched: 18.5 %'),     # no regular expression
                       ('nobody', 'Nothing matches.')]:
        assert search(browser, term) == said, (term, browser.text('#matched'))
    search(browser, 'payments')
    matched = browser.js("return [...document.querySelectorAll('.match title')].map((title) =>"
                         " title.textContent.split('\\n')[0])")
    assert matched == ['payments-api'], matched
    assert 'unmatched' in browser.frame('nginx.service').get_attribute('class')
    assert 'search=payments' in browser.js('return location.hash')
    browser.find('button').click()
    assert browser.text('#matched') == '' and not browser.js("return document.querySelector('.match')")


def test_the_share_while_zoomed_is_of_what_is_seen(browser):
    browser.open('svg')
    search(browser, 'TIME_WAIT')
    for name, said in [('payments-api', '0.0 % of this frame, 49.7 % of all'),
                       ('nginx.service', '77.1 % of this frame, 49.7 % of all'), ('all', '49.7 %')]:
        browser.frame(name).click()
        assert browser.text('#matched') == f'Matched: {said}', browser.text('#matched')
        browser.find('.frame').click()
    browser.frame('nginx.service').click()
    browser.frame(':443').click()
    assert search(browser, 'nginx') == 'Matched: 100 % of this frame, 64.4 % of all', \
        browser.text('#matched')
    assert search(browser, '^all$') == 'Nothing matches.', 'the root is nobody\'s name'
    browser.open('svg', 'compared')
    browser.frame('nginx.service').click()
    assert search(browser, 'TIME_WAIT') == \
        'Matched: now 77.1 %, base 82.4 % of this frame; now 49.7 %, base 58.2 % of all', \
        browser.text('#matched')


def test_a_long_path_is_cut_in_the_middle(browser):
    browser.open('svg')
    said = browser.js('''
        return [['abcdef', 6], ['abcdefgh', 6], ['abcdefgh', 7], ['支払支払', 5]].map((of) =>
            cutMiddle(...of))''')
    assert said == ['abcdef', 'ab…fgh', 'abc…fgh', '支…払'], said
    browser.hover(browser.frame('tcp_connect'))
    browser.wait("return document.getElementById('name').textContent !== ''")
    assert browser.text('#name') == \
        'payments-api › :5432 › 10.0.9.1 › SYN_SENT › main › serve(int) › ' \
        'Pool::checkout<Connection&>() › tcp_connect', browser.text('#name')


def test_keys_walk_zoom_and_search(browser):
    from selenium.webdriver.common.keys import Keys

    def focused():
        return browser.js("return document.activeElement.querySelector('title')"
                          "?.textContent.split('\\n')[0]")

    browser.open('svg')
    browser.js("document.querySelector('.frame[tabindex=\"0\"]').focus()")
    walk = [(Keys.ARROW_DOWN, 'docker:3f2a9c01b7de'), (Keys.ARROW_RIGHT, 'nginx.service'),
            (Keys.ARROW_DOWN, ':443'), (Keys.ARROW_RIGHT, ':80'), (Keys.ARROW_RIGHT, ':80'),
            (Keys.ARROW_LEFT, ':443'), (Keys.ARROW_UP, 'nginx.service')]
    for key, name in walk:
        browser.keys(key)
        assert focused() == name, (name, focused())
    assert browser.text('#name') == 'nginx.service', 'the details are not of what has the focus'
    stroke = browser.js('return getComputedStyle(document.activeElement.querySelector("rect")).stroke')
    assert stroke != 'none', 'the focus is not seen'
    browser.keys(Keys.ENTER)
    assert abs(width(browser.frame('nginx.service')) - GRAPH) < 1
    browser.keys(Keys.ESCAPE)
    assert width(browser.frame('nginx.service')) < GRAPH - 100
    for keys in [('/',), (Keys.CONTROL, 'f')]:
        browser.js('document.activeElement.blur()')
        browser.chord(*keys)
        assert browser.js("return document.activeElement?.localName") == 'input', keys
    assert browser.js("return document.activeElement.value") == '', 'the key itself is searched for'
    for typed in ['', 'nginx']:     # out of the box, and into it again
        browser.keys(typed, Keys.ESCAPE)
        browser.chord('/')
        assert browser.js("return document.activeElement?.localName") == 'input', typed
        assert browser.js("return document.activeElement.value") == '', 'the slash is searched for'
    assert 'regular expression' in browser.find('input').get_attribute('title')
    stops = browser.js('''return document.querySelectorAll('.frame[tabindex="0"]').length''')
    assert stops == 1, f'{stops} frames are stops of the Tab key'


def test_the_address_keeps_zoom_and_search(browser):
    browser.open('svg', 'usual', 'zoom=nginx.service%2F%253A443&search=198')
    assert abs(width(browser.frame(':443')) - GRAPH) < 1
    assert browser.text('#matched') == 'Matched: 23.3 % of this frame, 13.7 % of all', \
        browser.text('#matched')
    browser.open('svg', 'usual', 'zoom=nginx.service%2Fgone&search=%28')
    assert abs(width(browser.frame('nginx.service')) - GRAPH) < 1


def test_colors_tell_states_apart_and_texts_from_them(browser):
    for dark in (False, True):
        browser.open('svg', 'usual', dark=dark)
        assert_colors(browser, dark)
        assert_dimmed_texts_are_read(browser, dark)
    for name, tone in [('nginx.service', 'mixed'), ('198.51.100.7', 'state-TIME_WAIT'),
                       ('10.0.4.17', 'state-CLOSE_WAIT'), ('tcp_connect', 'state-SYN_SENT')]:
        tones = browser.frame(name).get_attribute('class').split()
        assert tones == ['frame', tone], (name, tones)


def test_by_service_all_below_has_its_color(browser):
    browser.open('svg', 'service')
    tones = browser.js('''
        const tones = new Map();
        const names = [];
        for (const frame of document.querySelectorAll('.frame')) {
            const parent = names[frame.dataset.parent];
            const own = frame.querySelector('title').textContent.split('\\n')[0];
            const name = parent && parent !== 'all' ? parent : own;
            names.push(name);
            tones.set(name, (tones.get(name) ?? new Set()).add(frame.getAttribute('class')));
        }
        return [...tones].map(([name, all]) => [name, [...all]])''')
    assert len(tones) == 5, tones
    for name, classes in tones:
        wanted = r'frame mixed' if name == 'all' else r'frame service-\d+'
        assert len(classes) == 1 and re.fullmatch(wanted, classes[0]), (name, classes)


def test_the_legend_names_services(browser):
    browser.open('svg', 'service')
    legend = browser.js('''
        return [...document.querySelectorAll('.legend text')].map((text) => [text.textContent,
            text.previousElementSibling.getAttribute('class')])''')
    assert [name for name, _ in legend] == [
        'nginx.service', 'payments-api', 'docker:3f2a9c01b7de', '支払いサービス🔥.service',
        'several services'], legend
    for name, tone in legend[:-1]:
        assert browser.frame(name).get_attribute('class') == f'frame {tone}', (name, tone)


def test_a_comparison_shows_what_grew_and_what_is_gone(browser):
    browser.open('svg', 'compared')
    for name, tone in [('batch-export.timer', 'shrunk-5'), ('payments-api', 'grown-5'),
                       ('all', 'same'), ('nginx.service', 'grown-1')]:
        assert browser.frame(name).get_attribute('class') == f'frame {tone}', name
    assert width(browser.frame('batch-export.timer')) > 60, 'what has vanished is not seen'
    browser.hover(browser.frame('batch-export.timer'))
    assert browser.text('#figures') == \
        'connections: now 0 (0.0 % of all), base 6,535 (11.2 % of all), difference -6,535 (-100 %)', \
        browser.text('#figures')
    lines = browser.js("return [...document.querySelectorAll('.line')].map((l) => l.textContent)")
    assert any('Base: /var/lib/twtrace/monday.twr, 2026-01-30T12:00:00.000Z to' in line and
               'normalized' in line for line in lines), lines
    assert any(line.startswith('58,400 connections now, 39,315 in the base, by') for line in lines), lines
    assert not any('--normalize' in line for line in lines), lines
    assert not browser.js("return document.querySelector('.caveat')"), 'there is none'
    assert search(browser, 'TIME_WAIT').startswith('Matched: now 49.7 %, base 58.2 %'), \
        browser.text('#matched')


def test_windows_of_other_lengths_are_hinted_at(browser):
    browser.open('svg', 'raw')
    lines = browser.js("return [...document.querySelectorAll('.line')].map((l) => l.lastChild?.textContent)")
    assert 'The lengths of the two differ (10m00s and 5m00s): --normalize compares shares' in lines, lines


def test_nothing_to_draw_is_said(browser):
    browser.open('svg', 'empty')
    assert browser.text('.nothing').endswith('no connections in this window.')
    assert not browser.js("return document.querySelector('.frame')")


def test_foreign_names_stay_text(browser):
    browser.open('svg', 'hostile')
    shown = {words.split('\n')[0] for words, *_ in drawn(browser)}
    for name in ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', ']]>', '&amp;',
                 'a;b;c 443', '\\xff\\xfe\\xc3(', '\\xe2\\x80\\xaegnp.exe', '\\xef\\xbf\\xbe and \\xef\\xbf\\xbf',
                 '\U0001f4a3 non-BMP \U00010348', "' onload='alert(3)", '__proto__', '']:
        assert name in shown, f'{name!r} is not among {shown}'
    tags = browser.js("return [...document.querySelectorAll('*')].map((el) => el.localName)")
    assert tags.count('script') == 1 and 'img' not in tags
    browser.frame('<script>alert(1)</script>').click()
    assert search(browser, '<img') != 'Nothing matches.'


def test_the_dark_is_dark(browser):
    grounds = []
    for dark in (False, True):
        browser.open('svg', dark=dark)
        grounds.append(browser.js("return getComputedStyle(document.querySelector('.paper')).fill"))
    assert grounds[0] == 'rgb(255, 255, 255)' and grounds[1] != grounds[0], grounds


def test_the_largest_are_quick_and_small(browser):
    path = browser.file('svg', 'big')
    assert os.path.getsize(path) < 5 << 20
    browser.open('svg', 'big')
    took = browser.js('''
        const begin = performance.now();
        document.querySelectorAll('.frame')[1].dispatchEvent(new MouseEvent('click', {bubbles: true}));
        return performance.now() - begin''')
    assert took < 2000, f'a zoom takes {took} ms'


if __name__ == '__main__':
    web.run(sys.modules[__name__])
