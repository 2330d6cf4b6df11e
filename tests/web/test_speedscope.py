# SPDX-License-Identifier: GPL-2.0-or-later
"""The file for speedscope: by its own schema, and in speedscope itself, as npm has it."""
import base64
import hashlib
import os
import subprocess
import sys
import tarfile
import urllib.request

import browser as web

VERSION = '1.25.0'
URL = f'https://registry.npmjs.org/speedscope/-/speedscope-{VERSION}.tgz'
SHA512 = ('cpf9HWTZf1ijLXBJrk87Ve/54tnYx6rlf0gUThvn3ook6h63hLXVOQiMf44PT+Xo'
          'V503cPfvfiT5gP5vojp6Ag==')
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME', os.path.expanduser('~/.cache')),
                     'twtrace', 'web')
TWTRACE = os.environ.get('TWTRACE', os.path.join(web.BUILD, 'twtrace'))
RECORDING = 'tests/golden/leaks/recording'
WEIGHTS = ['connections', 'open', 'time_wait', 'seconds', 'time_wait_seconds', 'failures']
JSONSCHEMA = '/usr/bin/jsonschema'


def fetched():
    """The package, downloaded once."""
    path = os.path.join(CACHE, os.path.basename(URL))
    if not os.path.exists(path):
        try:
            with urllib.request.urlopen(URL, timeout=20) as answer:
                data = answer.read()
        except OSError as error:
            raise web.Skip(f'{URL}: {error}') from error
        digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
        assert digest == SHA512, f'{URL} is not what it was: {digest}'
        os.makedirs(CACHE, exist_ok=True)
        with open(path + '.new', 'wb') as out:
            out.write(data)
        os.rename(path + '.new', path)
    return path


def unpacked(browser):
    with tarfile.open(fetched()) as package:
        package.extractall(browser.folder)
    return os.path.join(browser.folder, 'package', 'dist', 'release')


def written(browser, *options):
    path = os.path.join(browser.folder, 'flame.speedscope.json')
    with open(path, 'wb') as out:
        subprocess.run([TWTRACE, 'flame', '-o', 'speedscope', '-i', RECORDING, *options],
                       stdout=out, check=True)
    return path


def test_it_agrees_with_the_schema_of_speedscope(browser):
    if not os.path.exists(JSONSCHEMA):
        raise web.Skip(f'needs {JSONSCHEMA} (python3-jsonschema)')
    schema = os.path.join(unpacked(browser), 'file-format-schema.json')
    for weight in WEIGHTS:
        subprocess.run([JSONSCHEMA, '-i', written(browser, '--weight', weight), schema], check=True)
    compared = written(browser, '--diff', 'tests/golden/run/recording')
    subprocess.run([JSONSCHEMA, '-i', compared, schema], check=True)


def test_speedscope_shows_every_weight(browser):
    release = unpacked(browser)
    script = os.path.join(browser.folder, 'profile.js')
    with open(written(browser, '--by', 'leaks'), 'rb') as flame, open(script, 'w') as out:
        data = base64.b64encode(flame.read()).decode()
        out.write(f'speedscope.loadFileFromBase64("flame.json", "{data}")')
    browser.driver.get(f'file://{release}/index.html#localProfilePath={script}')
    # it shows the name of the profile, and how many there are
    browser.wait("return document.body.innerText.includes('open (1/5)')")
    assert browser.driver.title.startswith('twtrace example 20'), browser.driver.title


if __name__ == '__main__':
    web.run(sys.modules[__name__])
