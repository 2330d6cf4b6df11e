# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of the page of `twtrace flame`, and its search."""
import sys

import browser as web
from page import children, graph_width, table, weigh_by, width


def test_search_marks_and_filters(browser):
    browser.open('html')
    browser.type('#search', 'nginx|TIME_WAIT')
    assert browser.text('#matched') == 'Matched: 64.4 %', browser.text('#matched')
    assert [row[0] for row in table(browser)[1:]] == ['nginx.service', 'TIME_WAIT']
    browser.type('#search', 'serve(')
    assert browser.text('#matched') == 'Matched: 18.5 %', browser.text('#matched')
    browser.find('#only').click()
    assert children(browser) == ['payments-api'], children(browser)
    browser.hover(browser.frame('payments-api'))
    browser.wait("return document.getElementById('figures').textContent === arguments[0]",
                 'connections: 10,800 (18.5 % of all, 100 % of its parent)')
    browser.type('#search', 'CLOSE_WAIT')
    browser.wait("return document.getElementById('matched').textContent === 'Matched: 14.2 %'")
    browser.find('#reset').click()
    assert len(children(browser)) == 4, children(browser)


def test_the_share_while_zoomed_is_of_what_is_seen(browser):
    browser.open('html')
    browser.type('#search', 'TIME_WAIT')
    browser.frame('payments-api').click()
    assert browser.text('#matched') == 'Matched: 0.0 % of this frame, 49.7 % of all', \
        browser.text('#matched')
    assert table(browser) == [] and browser.text('#more') == 'No name in this frame matches.'


def test_escape_leaves_the_search(browser):
    browser.open('html')
    for typed in ['', 'nginx']:
        browser.js("document.getElementById('search').focus()")
        browser.keys(typed, '\ue00c')
        browser.chord('/')
        assert browser.js('return document.activeElement.id') == 'search', typed
        assert browser.find('#search').get_attribute('value') == '', 'the slash is searched for'
    assert 'regular expression' in browser.find('#search').get_attribute('title')


def test_the_table_is_of_what_weighs_something(browser):
    browser.open('html')
    weigh_by(browser, 'sockets in TIME_WAIT')
    names = [row[0] for row in table(browser)[1:]]
    assert names == [':443', 'TIME_WAIT', 'nginx.service', '192.0.2.10', '198.51.100.7'], names
    browser.open('html', 'big')
    assert '(other)' in [row[0] for row in table(browser)]
    assert not browser.js("""return [...document.querySelectorAll('#table button')].some((button) =>
        button.textContent.startsWith('(other'))"""), 'a click searches for it'
    weigh_by(browser, 'sockets in TIME_WAIT')
    assert '(other)' not in [row[0] for row in table(browser)]


def test_only_stacks_that_weigh_something_are_counted(browser):
    browser.open('html')
    names = browser.js('''
        const weights = ['a', 'b'].map((name) => ({name, label: name, time: false}));
        const data = {weights, frames: ['service', 'state'], base: null, states: [], hues: {},
            strings: ['one', 'two', 'CLOSE'], rows: [
                [[0, 0], 5, 10, 0], [[0, 1], 1200, 10, 20], [[0, 1, 1, 2], 0, 0, 1]]};
        return [0, 1].map((weight) => {
            const tree = buildTree(data, readRows(data), {by: [1, 0], weight, only: null});
            return tree.root.children.map((child) => child.name);
        })''')
    assert names == [['CLOSE', '(other: 1,205 stacks)'], ['CLOSE', '(other: 1,200 stacks)']], names
    browser.open('html', fragment='weight=time_wait&zoom=payments-api')
    assert abs(width(browser.frame('all')) - graph_width(browser)) < 1
    assert 'zoom' not in browser.js('return location.hash'), 'it has zoomed into nothing'


def test_no_frames_are_a_sentence(browser):
    browser.open('html', fragment='by=')
    assert table(browser) == [] and browser.text('#more').startswith('No frames are chosen'), \
        browser.text('#more')


def test_the_table_sorts(browser):
    browser.open('html')
    rows = table(browser)
    assert rows[0] == ['Name', 'Frame', 'Own', 'Total', 'Share'], rows[0]
    assert rows[1] == ['nginx.service', 'service', '0', '37,600', '64.4 %'], rows[1]
    browser.find('#table [data-key=own]').click()
    assert table(browser)[1][:4] == ['TIME_WAIT', 'state', '29,000', '29,000'], table(browser)[1]
    browser.find('#table [data-key=name]').click()
    names = [row[0] for row in table(browser)[1:]]
    assert names == sorted(names), names
    assert browser.find('[aria-sort]').get_attribute('aria-sort') == 'ascending'
    browser.find('#table [data-key=name]').click()
    assert [row[0] for row in table(browser)[1:]] == names[::-1]
    browser.find('#table tbody button').click()
    assert browser.find('#search').get_attribute('value').startswith('^')
    assert len(table(browser)) == 2, table(browser)


if __name__ == '__main__':
    web.run(sys.modules[__name__])
