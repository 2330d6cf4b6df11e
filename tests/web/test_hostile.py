# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings full of hostile names (tests/cli/hostile/names.py), as pages in a browser."""
import os
import subprocess
import sys

import browser as web
from report import TABS, TWTRACE, open_tab, page_of, show

NAMES = 'tests/cli/hostile/names.py'
BY = 'service,process,comm,port,remote,netns,state,stack'


def recording(browser, kind, turn):
    path = os.path.join(browser.folder, f'{kind}-{turn}.twr')
    if not os.path.exists(path):
        subprocess.run([sys.executable, '-B', NAMES, kind, str(turn), 'tests/golden/leaks/recording', path],
                       check=True)
    return path


def elements(browser):
    """How many there are of each kind; nothing was run or asked for."""
    browser.assert_quiet()
    browser.url = None
    return browser.js('''
        const count = {};
        for (const el of document.querySelectorAll('*'))
            count[el.localName] = (count[el.localName] ?? 0) + 1;
        return count''')


def assert_text(browser, kind):
    """Of what nobody sees nothing is there."""
    bad = browser.js(r'''
        return document.body?.innerText.match(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/)?.[0]''')
    assert bad is None, (kind, ascii(bad))


def test_the_page_has_the_shape_of_one_with_harmless_names(browser):
    for turn in range(3):
        shapes = []
        for kind in ['harmless', 'hostile']:
            show(browser, page_of(recording(browser, kind, turn)))
            for tab in TABS:
                open_tab(browser, tab)
                assert_text(browser, kind)
            shapes.append(elements(browser))
        for tag in ['script', 'img', 'iframe', 'form', 'tr', 'td', 'th', 'button', 'a', 'select', 'input', 'svg']:
            assert shapes[0].get(tag) == shapes[1].get(tag), (turn, tag, shapes)


def test_a_flame_has_the_shape_of_one_with_harmless_names(browser):
    for form in ['html', 'svg']:
        for turn in range(3):
            shapes = []
            for kind in ['harmless', 'hostile']:
                path = os.path.join(browser.folder, f'{kind}-{turn}.{form}')
                with open(path, 'wb') as out:
                    subprocess.run([TWTRACE, 'flame', '-o', form, '--fold', '0', '--by', BY, '-i',
                                    recording(browser, kind, turn)], stdout=out, check=True)
                browser.visit('file://' + path)
                browser.wait("return document.querySelector('.frame[tabindex=\"0\"]') !== null")
                assert_text(browser, kind)
                shapes.append(elements(browser))
            for tag in ['script', 'img', 'iframe', 'form', 'a', 'rect']:
                assert shapes[0].get(tag) == shapes[1].get(tag), (turn, form, tag, shapes)


if __name__ == '__main__':
    web.run(sys.modules[__name__])
