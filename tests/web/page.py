# SPDX-License-Identifier: GPL-2.0-or-later
"""What is on the page of `twtrace flame`, and its controls."""


def set_to(browser, selector, value):
    """Chooses in a <select>, as a hand would."""
    browser.js('''
        const select = document.querySelector(arguments[0]);
        select.value = arguments[1];
        select.dispatchEvent(new Event('change', {bubbles: true}))''', selector, value)


def weigh_by(browser, label):
    """Chooses a weight by its name: which number it has is nobody's business."""
    set_to(browser, '#weight', browser.js('''
        return [...document.querySelectorAll('#weight option')].find((option) =>
            option.textContent === arguments[0]).value''', label))


def tooltips(browser):
    """What each frame says and its colour, in the order of the tree."""
    return browser.js('''
        return [...document.querySelectorAll('#frames .frame')].map((frame) =>
            [frame.querySelector('title').textContent, frame.getAttribute('class')])''')


def table(browser):
    return browser.js('''
        return [...document.querySelectorAll('#table tr')].map((row) =>
            [...row.children].map((cell) => cell.textContent))''')


def children(browser):
    """Names of the frames right below the root."""
    return browser.js('''
        return [...document.querySelectorAll('.frame[aria-level="2"]:not([display]) title')].map(
            (title) => title.textContent.split('\\n')[0])''')


def graph_width(browser):
    return float(browser.find('#picture').get_attribute('width'))


def width(element):
    return float(element.get_attribute('width'))
