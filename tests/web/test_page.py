# SPDX-License-Identifier: GPL-2.0-or-later
"""The web page as a file: `twtrace report --html`, in a browser."""
import subprocess
import sys

import browser as web
from report import (TABS, cards, column, documents_in, focused, fragment, golden, open_tab, page_of,
                    show, sort_by, table, tiles, with_documents)

HOSTILE = ['<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', '<!--',
           '"\' onload=alert(3) x="', '&lt;b&gt;', '${alert(4)}', '__proto__']


def with_services(names, figures):
    """The golden page with other services, figures(i) of each one's own."""
    page = golden('leaks')
    documents = documents_in(page)
    first = documents['top']['services'][0]
    documents['top']['services'] = [{**first, 'service': name, **figures(i)}
                                    for i, name in enumerate(names)]
    return with_documents(page, documents)


def test_it_says_what_the_recording_says(browser):
    page = golden('leaks')
    top = documents_in(page)['top']
    show(browser, page)
    assert browser.text('#host') == 'example' and browser.text('#state') == 'Recorded'
    assert browser.driver.title == 'example – twtrace'
    assert 'traced for 57.5s, from 2026-11-20 23:38:31 UTC' in browser.text('#span')
    basis = browser.text('#basis')
    for said in ['inferred', 'no event lost', '1 namespace agrees with the kernel',
                 'tests/golden/leaks/recording', '8,874 records, complete']:
        assert said in basis, (said, basis)
    shown = tiles(browser)
    assert shown['Open'] == [f'{top["totals"]["open"]}', '58 ESTAB, 32 CLOSE-WAIT, 3 FIN-WAIT2'], shown
    assert shown['TIME-WAIT'] == ['55', '84 entered; 29 in FIN-WAIT2'], shown
    assert shown['Leaks'] == ['3', '2 to watch'] and shown['Findings'][0] == '3', shown
    rows = {row['Service']: row for row in table(browser, 'services')}
    assert len(rows) == len(top['services'])
    for row in top['services']:
        seen = rows[row['service']]
        for title, key in [('Open', 'open'), ('Close-wait', 'close_wait'), ('Opened', 'opened'),
                           ('Time-wait', 'time_wait'), ('Closed first', 'closed_first')]:
            assert seen[title] == f'{row[key]:,}', (row['service'], title, seen)
    assert rows['lk-growth']['Life p50'] == '–', 'what is not known is not 0'


def test_what_was_lost_and_what_differs_is_said(browser):
    page = golden('overload')
    documents = documents_in(page)
    show(browser, page)
    assert '1,046 events lost or told in sum: ' in browser.text('#basis'), browser.text('#basis')
    documents['top']['audit'][0]['time_wait']['error'] = -3
    show(browser, with_documents(page, documents))
    assert '3 small sockets fewer than the kernel has' in browser.text('#basis')
    assert 'since the start' not in browser.text('#basis')
    documents['top']['audit'][0]['time_wait']['error'] = 1
    for figure, error in [('entered', 1), ('reused', -20)]:
        documents['top']['audit'][0][f'time_wait_{figure}'] = {'twtrace': 0, 'kernel': 0, 'drift': error,
                                                               'error': error}
    show(browser, with_documents(page, documents))
    basis = browser.text('#basis')
    assert ('1 small socket more than the kernel has; since the start 1 birth more, 20 reuses fewer '
            'than the kernel counts') in basis, basis
    assert browser.js("return document.querySelector('#basis .bad') === null"), 'it may pass'


def test_any_column_sorts_and_the_address_remembers_it(browser):
    page = golden('leaks')
    show(browser, page)
    sort_by(browser, 'services', 'Service')
    names = column(browser, 'services', 'Service')
    assert names == sorted(names) and fragment(browser) == {'tab': 'services', 'sort': 'service'}
    sort_by(browser, 'services', 'Service')
    assert column(browser, 'services', 'Service') == names[::-1]
    sort_by(browser, 'services', 'Time-wait')
    counts = [int(value) for value in column(browser, 'services', 'Time-wait')]
    assert counts == sorted(counts, reverse=True) and counts[0] > 0
    sorted_by = browser.js('''
        return [...document.querySelectorAll('#panel-services [aria-sort]')].map((cell) =>
            [cell.textContent, cell.getAttribute('aria-sort')])''')
    assert sorted_by == [['Time-wait', 'descending']], sorted_by
    order = column(browser, 'services', 'Service')
    assert fragment(browser)['sort'] == '-time_wait'
    show(browser, page, 'tab=services&sort=-time_wait')
    assert column(browser, 'services', 'Service') == order
    sort_by(browser, 'services', 'Life p50')
    values = column(browser, 'services', 'Life p50')
    assert '–' in values and values.index('–') == len(values) - values.count('–'), values
    sort_by(browser, 'services', 'Life p50')
    assert column(browser, 'services', 'Life p50')[-1] == '–', 'the unknown is last both ways'


def test_a_filter_works_while_one_types(browser):
    show(browser, golden('leaks'), 'tab=pairs')
    everything = len(table(browser, 'pairs'))
    browser.keys('/')
    browser.keys('peer clie')
    rows = table(browser, 'pairs')
    assert 0 < len(rows) < everything, rows
    for row in rows:
        assert 'peer' in row['Service'] and row['Role'] == 'client', row
    assert fragment(browser)['filter'] == 'peer clie'
    assert f'{len(rows)} of {everything} pairs' == browser.text('#panel-pairs .count')
    browser.keys('\ue00c')
    assert len(table(browser, 'pairs')) == everything and 'filter' not in fragment(browser)
    assert browser.js('return document.activeElement === document.body')
    show(browser, golden('leaks'), 'tab=connections&filter=close-wait')
    states = column(browser, 'connections', 'State')
    assert states and set(states) == {'CLOSE-WAIT'}, states


def test_tabs_go_by_keyboard(browser):
    from selenium.webdriver.common.keys import Keys

    show(browser, golden('leaks'))
    browser.js("document.getElementById('tab-services').focus()")
    seen = []
    for _ in TABS:
        seen.append(fragment(browser).get('tab', 'services'))
        assert focused(browser) == f'tab-{seen[-1]}'
        assert browser.js('''
            return [...document.querySelectorAll('[role=tabpanel]')].filter((panel) =>
                panel.checkVisibility()).map((panel) => panel.id)''') == [f'panel-{seen[-1]}']
        assert browser.js('''
            return [...document.querySelectorAll('[role=tab]')].filter((tab) => tab.tabIndex === 0)
                .map((tab) => tab.id)''') == [f'tab-{seen[-1]}'], 'more than one stop of the Tab key'
        browser.keys(Keys.ARROW_RIGHT)
    assert seen == TABS and fragment(browser)['tab'] == 'services', 'it does not go round'
    browser.keys(Keys.END)
    assert fragment(browser)['tab'] == 'flame'
    browser.keys(Keys.HOME)
    assert fragment(browser)['tab'] == 'services'
    ring = browser.js('return getComputedStyle(document.activeElement).outlineStyle')
    assert ring == 'solid', f'the focus is not seen: {ring}'


def test_each_control_has_a_name_and_headers_are_buttons(browser):
    show(browser, golden('leaks'))
    for tab in TABS:
        open_tab(browser, tab)
        nameless = browser.js('''
            return [...document.querySelectorAll('button, input, select, canvas, [role=region]')]
                .filter((el) => el.checkVisibility() && !el.textContent.trim() &&
                    !el.labels?.length && !el.getAttribute('aria-label'))
                .map((el) => el.outerHTML.slice(0, 80))''')
        assert not nameless, (tab, nameless)


def test_verdicts_have_their_evidence_holders_stacks_and_advice(browser):
    show(browser, golden('leaks'), 'tab=leaks')
    found = cards(browser, 'leaks')
    assert len(found) == 5, found
    for said in ['lk-closewait: 29 sockets in CLOSE-WAIT on port 7200, from 127.0.0.1',
                 '+30.0 a minute over 55.0s, confidence 1.00; of the first 18 that came all are '
                 'still there', 'lk-closewait (pid 10451) has 29; 38 descriptors in all of 4,096 (0.9 %)',
                 'at this rate the last descriptor is gone in 2h15m',
                 'the other end is on this host: peer-closewait (pid 10453), in FIN_WAIT2',
                 '29 of them accepted by thread lk-closewait at accept', 'no kernel setting ends CLOSE_WAIT']:
        assert said in found[0], (said, found[0])
    summary = browser.find('#panel-leaks summary')
    summary.click()
    assert 'forgetful_server tests/live/leaks/leaking_servers.c:38' in \
        browser.js("return document.querySelector('#panel-leaks details[open] pre').innerText")


def test_budgets_and_failures_say_what_helps(browser):
    show(browser, golden('failures'), 'tab=budgets')
    found = cards(browser, 'budgets')
    assert len(found) == 1 and found[0].startswith('exhausted 127.0.0.1 → 127.0.0.1:35009'), found
    assert '4 of 28,232 ports are used' in found[0] and 'look for a range' in found[0], found
    assert len(table(browser, 'budgets')) == 5
    open_tab(browser, 'failures')
    rows = {(row['Error'], row['Remote']): row for row in table(browser, 'failures')}
    assert len(rows) == 3
    row = rows['EADDRNOTAVAIL', '127.0.0.1:33263']
    assert row['Held by'] == 'connection in ESTABLISHED (tw-client[3329])', row
    assert row['What helps'].startswith('the same two ends are in use'), row


def test_forecasts_are_told_and_the_worst_is_in_the_head(browser):
    page = golden('failures')
    documents = documents_in(page)
    documents['ports']['budgets'][0].update(level='nearing', used=7058, time_wait=7000, established=58,
                                            half_in_s=12.3, exhausted_in_s=34.5, failures=0)
    show(browser, with_documents(page, documents), 'tab=budgets')
    found = cards(browser, 'budgets')[0]
    assert 'At this rate: half of them used in 12.3s, none left in 34.5s.' in found, found
    assert tiles(browser)['Port budget'] == ['25.0 %', 'to 127.0.0.1:35009: nearing'], tiles(browser)
    shares = browser.js('''
        const bar = document.querySelector('#panel-budgets .card .budget');
        return [...bar.querySelectorAll('span')].map((piece) =>
            piece.getBoundingClientRect().width / bar.getBoundingClientRect().width)''')
    assert abs(shares[1] - 7000 / 28232) < 0.01 and abs(sum(shares) - 0.25) < 0.01, shares


def test_findings_are_told_with_their_evidence(browser):
    show(browser, golden('failures'), 'tab=doctor')
    found = cards(browser, 'doctor')
    assert len(found) == 2 and found[0].startswith('problem'), found
    assert 'No files of any network namespace are known' in browser.text('#panel-doctor')
    assert 'rules could not be judged' in browser.text('#panel-doctor summary')
    page = golden('failures')
    documents = documents_in(page)
    documents['doctor']['findings'][0]['evidence'] = [
        {'what': 'growth', 'value': 44.583}, {'what': 'rate', 'value': 1632.6},
        {'what': 'ports', 'value': 28232}]
    show(browser, with_documents(page, documents), 'tab=doctor')
    said = cards(browser, 'doctor')[0]
    for proof in ('growth: 44.6', 'rate: 1,633', 'ports: 28,232'):
        assert proof in said, said


def test_the_course_is_drawn_and_stands_in_a_table_too(browser):
    page = golden('leaks')
    history = documents_in(page)['history']
    show(browser, page)
    drawn = browser.js('''
        return [...document.querySelectorAll('canvas')].map((canvas) => {
            const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
        })''')
    assert len(drawn) == 2 and all(colours > 20 for colours in drawn), drawn
    summaries = browser.js("return [...document.querySelectorAll('canvas')].map((c) => c.ariaLabel)")
    assert 'TIME-WAIT now 55, at most 55' in summaries[0], summaries
    browser.js("document.querySelectorAll('.chart summary').forEach((summary) => summary.click())")
    browser.wait("return document.querySelectorAll('.chart table').length === 2")
    rows = browser.js('''
        return [...document.querySelectorAll('.chart table')].map((table) => [...table.rows].map((row) =>
            [...row.cells].map((cell) => cell.textContent)))''')
    at = 1 + history['fields'].index('time_wait')
    told = {row[1] for row in rows[0][1:]}
    assert {str(point[at]) for point in history['points']} <= told, (told, history)
    assert rows[1][0] == ['Time (UTC)', 'opened/s', 'closed/s', 'failed/s'], rows[1][0]


def test_rates_are_those_of_the_counters(browser):
    page = golden('leaks')
    documents = documents_in(page)
    begin = 1_800_000_000_000
    points = [[begin + 1000 * i] + [5 * i, 3 * i, i // 2, 0, 0, 0, 0, 0, 0, 0, 7] for i in range(10)]
    documents['history']['points'] = points
    show(browser, with_documents(page, documents))
    browser.js("document.querySelectorAll('.chart summary').forEach((summary) => summary.click())")
    browser.wait("return document.querySelectorAll('.chart table').length === 2")
    rows = browser.js('''
        return [...document.querySelectorAll('.chart table')[1].rows].map((row) =>
            [...row.cells].map((cell) => cell.textContent))''')
    assert [row[1:3] for row in rows[1:]] == [['5.0', '3.0']] * 9, rows


def test_the_flame_graph_zooms_and_takes_other_frames(browser):
    show(browser, golden('leaks'), 'tab=flame')
    browser.wait("return document.querySelector('.frame[tabindex=\"0\"]') !== null")
    total = documents_in(golden('leaks'))['top']['totals']['connections']
    words = browser.js("return document.querySelector('.frame title').textContent")
    assert words.startswith(f'all\nconnections: {total}'), words
    whole = float(browser.find('#picture').get_attribute('width'))
    browser.frame('lk-closewait').click()
    assert abs(float(browser.frame('lk-closewait').get_attribute('width')) - whole) < 1
    assert fragment(browser)['zoom'] == 'lk-closewait' and fragment(browser)['tab'] == 'flame'
    browser.keys('\ue00c')
    assert float(browser.frame('lk-closewait').get_attribute('width')) < whole / 2
    browser.js('''document.querySelector('#by [data-name=service] input').click()''')
    assert browser.js('''
        return [...document.querySelectorAll('.frame[aria-level="2"]:not([display]) title')].map((title) =>
            title.textContent.split('\\n')[0])''') == ['client', 'server']
    assert fragment(browser)['by'].startswith('role,port')
    browser.js('''
        const weight = document.getElementById('weight');
        weight.value = [...weight.options].find(({text}) => text === 'sockets in TIME_WAIT').value;
        weight.dispatchEvent(new Event('change'))''')
    words = browser.js("return document.querySelector('.frame title').textContent")
    assert words.startswith('all\nsockets in TIME_WAIT: 84'), words
    browser.keys('/')
    assert focused(browser) == 'search'
    browser.keys('127')
    assert browser.text('#matched').startswith('Matched: 100 %'), browser.text('#matched')
    state = fragment(browser)
    open_tab(browser, 'services')
    open_tab(browser, 'flame')
    assert fragment(browser) == state and browser.text('#matched').startswith('Matched: 100 %')


def test_names_are_text_whatever_they_look_like(browser):
    page = golden('leaks')
    documents = documents_in(page)
    first = documents['top']['services'][0]
    for i, name in enumerate(HOSTILE):
        documents['top']['services'].append({**first, 'service': name})
        documents['flame']['flame']['strings'][i] = name
    documents['top']['host'] = HOSTILE[0]
    for i, verdict in enumerate(documents['leaks']['verdicts']):
        verdict['service'] = verdict['holders'][0]['comm'] = HOSTILE[i]
        verdict['stacks'] = [dict(stack, thread=HOSTILE[0], frames=HOSTILE) for stack in verdict['stacks']]
        verdict['advice'] = HOSTILE[1]
    for budget in documents['ports']['budgets']:
        budget.update(service=HOSTILE[0], netns_name=HOSTILE[1], advice=HOSTILE[1], level='half')
    documents['doctor']['findings'][0].update(sentence=HOSTILE[0], todo=HOSTILE[1], command=HOSTILE[1])
    for socket in documents['list']['sockets']:
        socket.update(comm=HOSTILE[0], service=HOSTILE[1])
    show(browser, with_documents(page, documents))
    for tab in TABS:
        open_tab(browser, tab)
        foreign = browser.js('''
            return [...document.querySelectorAll('img, b, [onerror], [onload], iframe, body script script')]
                .map((el) => el.outerHTML)''')
        assert not foreign, (tab, foreign)
        assert browser.js('return document.scripts.length') == 3
    open_tab(browser, 'services')
    shown = column(browser, 'services', 'Service')
    for name in HOSTILE:
        assert name in shown, (name, shown)
    assert browser.text('#host') == HOSTILE[0]


def test_a_path_that_looks_like_a_script_stays_text(browser):
    folder = f'{browser.folder}/<'
    path = f'{folder}/script><img src=x onerror=alert(1)>'
    subprocess.run(['mkdir', '-p', folder], check=True)
    subprocess.run(['cp', 'tests/golden/leaks/recording', path], check=True)
    show(browser, page_of(path))
    assert '</script><img src=x onerror=alert(1)>: Linux' in browser.text('#basis')
    assert not browser.js("return document.querySelector('img')")


def test_twenty_thousand_rows_are_quick(browser):
    names = [f'worker-{i}' for i in range(20000)]
    show(browser, with_services(names, lambda i: {'opened': i, 'time_wait': i % 7}))
    assert len(table(browser, 'services')) == 200
    assert browser.text('#panel-services .count') == '20,000 services'
    assert column(browser, 'services', 'Opened')[0] == '19,999'
    browser.find('#panel-services .more').click()
    assert len(table(browser, 'services')) == 400
    took = browser.js('''
        const begin = performance.now();
        document.querySelector('#panel-services [data-key=time_wait]').click();
        const input = document.querySelector('#panel-services .filter');
        input.value = 'worker-1999';
        input.dispatchEvent(new Event('input'));
        return performance.now() - begin''')
    assert took < 3000, f'sorting and filtering take {took} ms'
    assert len(table(browser, 'services')) == 11 and browser.text('#panel-services .count').startswith('11 of')


def test_without_scripts_it_says_where_to_look(browser):
    show(browser, golden('leaks'), scripts=False)
    browser.cdp('Emulation.setScriptExecutionDisabled', value=False)
    assert 'twtrace report' in browser.js("return document.querySelector('noscript').innerText")


def test_a_recording_of_nothing_is_shown_as_nothing(browser):
    path = f'{browser.folder}/empty'
    with open('tests/golden/leaks/recording', 'rb') as whole, open(path, 'wb') as out:
        out.write(whole.read(700))
    show(browser, page_of(path))
    assert 'nothing has been traced yet' in browser.text('#span')
    assert 'There is no course to draw yet.' in browser.text('#charts')
    for tab in TABS:
        open_tab(browser, tab)


if __name__ == '__main__':
    web.run(sys.modules[__name__])
