# SPDX-License-Identifier: GPL-2.0-or-later
"""How the web page looks: on a phone, in the light, in the dark, on paper."""
import sys

import browser as web
from looks import contrast
from report import TABS, golden, open_tab, show


def test_a_phone_scrolls_tables_and_not_the_page(browser):
    for name in ('leaks', 'failures'):
        page = golden(name)
        try:
            browser.cdp('Emulation.setDeviceMetricsOverride', width=360, height=740, deviceScaleFactor=2,
                        mobile=True)
            for tab in TABS:
                show(browser, page, f'tab={tab}')
                width, inner = browser.js('return [document.documentElement.scrollWidth, innerWidth]')
                assert width <= 360 and inner <= 360, (name, tab, width, inner)
                sight = browser.js('''
                    const tab = document.querySelector('[aria-selected=true]').getBoundingClientRect();
                    return [tab.left, tab.right]''')
                assert sight[0] >= 0 and sight[1] <= 360, (tab, sight)
            show(browser, page)
            assert browser.js('''
                const end = (selector) => document.querySelector(selector).getBoundingClientRect().bottom;
                return end('.tabs') - end('[aria-selected=true]')''') >= 6, 'a scrollbar covers the line'
            assert browser.js('''
                const box = document.querySelector('#panel-services .scroll');
                return box.scrollWidth > box.clientWidth''')
        finally:
            browser.cdp('Emulation.clearDeviceMetricsOverride')


# Of every text that is seen its colour, and that of the first ground beneath it.
COLORS = '''
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const ground = (el) => {
        for (; el; el = el.parentElement) {
            const [r, g, b, a = 1] = numbers(getComputedStyle(el).backgroundColor);
            if (a === 1)
                return [r, g, b];
        }
        return [255, 255, 255];
    };
    const found = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const el = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !el.checkVisibility() || el.closest('svg, script, noscript'))
            continue;
        if (el.closest('button')?.disabled)
            continue;
        const colors = [numbers(getComputedStyle(el).color).slice(0, 3), ground(el)];
        found.set(String(colors), [...colors, el.textContent.slice(0, 40)]);
    }
    return [...found.values()]'''


def test_texts_have_contrast_in_the_light_and_in_the_dark(browser):
    grounds = set()
    for dark in (False, True):
        for name in ('leaks', 'failures', 'overload'):
            show(browser, golden(name), dark=dark)
            for tab in TABS:
                open_tab(browser, tab)
                found = browser.js(COLORS)
                assert len(found) > 5
                for text, ground, words in found:
                    ratio = contrast(text, ground)
                    assert ratio >= 4.5, f'dark={dark} {tab}: {words!r} has {ratio:.2f} only'
        grounds.add(browser.js('return getComputedStyle(document.body).backgroundColor'))
    assert len(grounds) == 2, grounds


def test_paper_is_light_even_where_the_screen_is_dark(browser):
    show(browser, golden('leaks'), 'tab=leaks', dark=True)
    try:
        for tab in ('leaks', 'services', 'flame'):
            open_tab(browser, tab)
            browser.cdp('Emulation.setEmulatedMedia', media='print', features=[
                {'name': 'prefers-color-scheme', 'value': 'dark'}])
            found = browser.js(COLORS)
            assert len(found) > 5
            for text, ground, words in found:
                assert contrast(text, (255, 255, 255)) >= 4.5, f'{tab}: {words!r} is {text} on paper'
            assert not browser.js("return document.querySelector('[role=tablist]').checkVisibility()")
            browser.cdp('Emulation.setEmulatedMedia', media='screen', features=[])
    finally:
        browser.cdp('Emulation.setEmulatedMedia', media='', features=[])


if __name__ == '__main__':
    web.run(sys.modules[__name__])
