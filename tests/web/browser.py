# SPDX-License-Identifier: GPL-2.0-or-later
"""A headless Chromium for the tests of pictures, and a runner that speaks TAP."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

BUILD = os.environ.get('BUILD', 'build')
FIXTURE = os.path.join(BUILD, 'tests', 'flame-fixture')
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')
DRIVER = shutil.which('chromedriver')
SECONDS = 10


class Skip(Exception):
    """What cannot be tested here, and why."""


def lacking():
    """Why no browser can be driven here; None: it can."""
    try:
        import selenium  # noqa: F401
    except ImportError as error:
        return f'{error} (python3-selenium)'
    if not CHROMIUM:
        return 'there is no chromium'
    if not DRIVER:
        return 'there is no chromedriver (chromium-driver)'
    return None


class Browser:
    """One Chromium with a profile of its own, and the files it is shown."""

    def __init__(self):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        self.folder = tempfile.mkdtemp(prefix='twtrace-web-')
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        arguments = ['--headless=new', '--disable-gpu', '--disable-dev-shm-usage',
                     '--window-size=1280,900', '--user-data-dir=' + self.folder + '/profile']
        if os.getuid() == 0:
            arguments.append('--no-sandbox')
        for argument in arguments:
            options.add_argument(argument)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        try:
            self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        except Exception as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise Skip(f'chromium does not start: {str(error).splitlines()[0]}') from error
        self.url = None

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)

    def file(self, form, kind):
        """The path of what the fixture writes."""
        path = os.path.join(self.folder, f'{kind}.{form}')
        if not os.path.exists(path):
            with open(path, 'wb') as out:
                subprocess.run([FIXTURE, form, kind], stdout=out, check=True,
                               stderr=subprocess.DEVNULL)
        return path

    def open(self, form, kind='usual', fragment='', dark=False, scripts=True):
        """Shows it anew, as to somebody who opens the file."""
        self.visit('file://' + self.file(form, kind), fragment, dark, scripts)
        if scripts and kind != 'empty':
            self.wait("return document.querySelector('.frame[tabindex=\"0\"]') !== null")

    def visit(self, url, fragment='', dark=False, scripts=True):
        self.cdp('Emulation.setScriptExecutionDisabled', value=False)
        self.driver.get('about:blank')
        self.take_logs()
        self.cdp('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        self.cdp('Emulation.setScriptExecutionDisabled', value=not scripts)
        self.url = url
        self.driver.get(self.url + (f'#{fragment}' if fragment else ''))

    def leave(self):
        self.driver.get('about:blank')

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """Until the script returns something true, which is returned."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, SECONDS, poll_frequency=0.05).until(
            lambda driver: driver.execute_script(script, *arguments), script)

    def find(self, selector):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js('return document.querySelector(arguments[0]).textContent', selector)

    def frame(self, name):
        """The element of the first frame of that name that is drawn."""
        element = self.js('''
            return [...document.querySelectorAll('.frame:not([display])')].find((frame) =>
                frame.querySelector('title').textContent.split('\\n')[0] === arguments[0])''', name)
        assert element, f'there is no frame {name!r}'
        return element

    def keys(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def chord(self, *keys):
        """Keys that are held down together."""
        from selenium.webdriver.common.action_chains import ActionChains

        chain = ActionChains(self.driver)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()

    def type(self, selector, text):
        """Into a box, in place of what is there. (The driver cannot do that in an SVG.)"""
        self.js('const box = document.querySelector(arguments[0]); box.focus(); box.select()', selector)
        self.keys('\ue017', text)
        self.wait('return document.querySelector(arguments[0]).value === arguments[1]', selector, text)

    def hover(self, element):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).move_to_element(element).perform()

    def take_logs(self):
        """What was complained of since the last time, and what was asked of the network."""
        console = [entry['message'] for entry in self.driver.get_log('browser')]
        requests = []
        for entry in self.driver.get_log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                requests.append(message['params']['request']['url'])
        return console, requests

    def assert_quiet(self):
        console, requests = self.take_logs()
        assert not console, f'the console says {console}'
        # what a page is served from it may ask again; a file has nobody to ask
        home = self.url if self.url and self.url.startswith('http') else None
        others = [url for url in requests if url not in (self.url, 'about:blank') and
                  not url.startswith('data:') and not (home and url.startswith(home))]
        assert not others, f'it asks for {others}'
        assert not self.url or self.url in requests, 'the log of requests is not kept'


def one(number, name, browser, test):
    try:
        test(browser)
        if browser.url:
            browser.assert_quiet()
        print(f'ok {number} {name}', flush=True)
        return True
    except Skip as reason:
        print(f'ok {number} {name} # skip {reason}', flush=True)
        return True
    except Exception:
        print(f'not ok {number} {name}')
        print(''.join(f'# {line}\n' for line in traceback.format_exc().splitlines()), flush=True)
        return False


def run(module):
    """Every test_x of a module, as TAP, in the order it has them."""
    tests = [(name[5:].replace('_', ' '), value) for name, value in vars(module).items()
             if name.startswith('test_')]
    print(f'1..{len(tests)}')
    # the runner ends what takes too long: no Chromium is left behind then
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    reason = lacking()
    try:
        browser = None if reason else Browser()
    except Skip as error:
        reason = error
    if reason:
        for number, (name, _) in enumerate(tests, 1):
            print(f'ok {number} {name} # skip {reason}')
        sys.exit(0)
    try:
        good = True
        for number, (name, test) in enumerate(tests, 1):
            browser.url = None
            good &= one(number, name, browser, test)
    finally:
        browser.close()
    sys.exit(0 if good else 1)
