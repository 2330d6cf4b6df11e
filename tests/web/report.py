# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of `twtrace report --html`, what it holds, and what is on it."""
import json
import os
import re
import subprocess

import browser as web

TWTRACE = os.environ.get('TWTRACE', os.path.join(web.BUILD, 'twtrace'))
TABS = ['services', 'ports', 'remotes', 'pairs', 'connections', 'leaks', 'budgets', 'failures',
        'doctor', 'flame']
HOLDER = re.compile('(<script type="application/json" id="documents">)(.*?)(</script>)', re.S)


def page_of(*recordings):
    return subprocess.run([TWTRACE, 'report', '--html', *recordings], stdout=subprocess.PIPE,
                          check=True).stdout.decode()


def golden(name):
    return page_of(f'tests/golden/{name}/recording')


def documents_in(page):
    return json.loads(HOLDER.search(page).group(2))


def with_documents(page, documents):
    """The same page, of a host that says something else."""
    text = json.dumps(documents).replace('<', '\\u003c')
    return HOLDER.sub(lambda match: match.group(1) + text + match.group(3), page)


def show(browser, page, fragment='', dark=False, scripts=True):
    """Shows a page, which must have drawn itself."""
    path = os.path.join(browser.folder, 'report.html')
    with open(path, 'w', encoding='utf-8') as out:
        out.write(page)
    browser.visit('file://' + path, fragment, dark, scripts)
    if scripts:
        browser.wait("return !document.getElementById('panels').hidden")


def open_tab(browser, name):
    browser.find(f'#tab-{name}').click()
    browser.wait("return document.getElementById(arguments[0]).checkVisibility()", f'panel-{name}')


def table(browser, name):
    """Of a tab's table what is seen: a list of columns by title for each row."""
    return browser.js('''
        const table = document.querySelector(`#panel-${arguments[0]} table`);
        const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
        return [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) =>
            Object.fromEntries([...row.cells].map((cell, i) => [titles[i], cell.textContent])))''', name)


def column(browser, tab, title):
    return [row[title] for row in table(browser, tab)]


def tiles(browser):
    """Of each tile its value and what stands beneath."""
    return browser.js('''
        return Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) =>
            [...tile.children].map((part) => part.textContent))
            .map(([title, value, under]) => [title, [value, under]]))''')


def sort_by(browser, tab, title):
    browser.js('''
        [...document.querySelectorAll(`#panel-${arguments[0]} thead button`)].find((button) =>
            button.textContent === arguments[1]).click()''', tab, title)


def fragment(browser):
    return browser.js('return Object.fromEntries(new URLSearchParams(location.hash.slice(1)))')


def cards(browser, tab):
    return browser.js('''
        return [...document.querySelectorAll(`#panel-${arguments[0]} .card`)].map((card) =>
            card.textContent)''', tab)


def focused(browser):
    return browser.js('return document.activeElement.id')
