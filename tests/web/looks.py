# SPDX-License-Identifier: GPL-2.0-or-later
"""What pictures must look like, whatever their format."""

STATES = ['ESTABLISHED', 'CLOSE_WAIT', 'TIME_WAIT', 'FIN_WAIT2', 'FIN_WAIT1', 'SYN_SENT', 'SYN_RECV',
          'LAST_ACK', 'CLOSING', 'CLOSE']
STEPS = ['shrunk-5', 'shrunk-4', 'shrunk-3', 'shrunk-2', 'shrunk-1', 'same',
         'grown-1', 'grown-2', 'grown-3', 'grown-4', 'grown-5']
SERVICES = [f'service-{i}' for i in range(8)]
# how the eyes of those see who lack one kind of cones (Machado and others, 2009), linear RGB
SIGHTS = {
    'usual': ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    'protanopia': ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
                   (-0.003882, -0.048116, 1.051998)),
    'deuteranopia': ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
                     (-0.011820, 0.042940, 0.968881)),
}


def assert_texts_fit(browser, what):
    """No text is longer than its frame, measured with the font that is there."""
    bad = browser.js('''
        const bad = [];
        let seen = 0;
        for (const frame of document.querySelectorAll('.frame:not([display])')) {
            const text = frame.querySelector('text');
            const room = Number(frame.getAttribute('width')) - Number(text.getAttribute('x'));
            const length = text.textContent ? text.getComputedTextLength() : 0;
            seen += length > 0;
            // what the font lacks another one draws, as wide as that pleases: it is clipped
            const known = /^[\\x20-\\x7e\\u2026]*$/.test(text.textContent);
            if (known && length && length > room + 0.1)
                bad.push([text.textContent, length, room]);
            if (getComputedStyle(frame).overflow !== 'hidden')
                bad.push([text.textContent, 'is not clipped']);
        }
        return seen ? bad.slice(0, 5) : ['no text at all']''')
    assert not bad, f'{what}: {bad}'


def linear(part):
    part /= 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(color):
    return sum(weight * linear(part) for weight, part in zip((0.2126, 0.7152, 0.0722), color))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(color, sight):
    """CIE L*a*b*, as these eyes see it."""
    rgb = [linear(part) for part in color]
    rgb = [min(1, max(0, sum(a * b for a, b in zip(row, rgb)))) for row in SIGHTS[sight]]
    xyz = [sum(a * b for a, b in zip(row, rgb)) / white for row, white in zip(
        ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)),
        (0.9505, 1, 1.089))]
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(one, other, sight):
    return sum((a - b) ** 2 for a, b in zip(lab(one, sight), lab(other, sight))) ** 0.5


def colors_of(browser, tones):
    """What a frame of each tone is filled with, and its text."""
    found = browser.js('''
        const layer = document.getElementById('frames');
        const numbers = (color) => color.match(/\\d+/g)?.map(Number);
        return arguments[0].map((tone) => {
            const frame = layer.appendChild(layer.querySelector('.frame').cloneNode(true));
            frame.setAttribute('class', `frame ${tone}`);
            const colors = ['rect', 'text'].map((part) =>
                numbers(getComputedStyle(frame.querySelector(part)).fill));
            frame.remove();
            return colors;
        })''', tones)
    return dict(zip(tones, found))


def over(color, ground, opacity):
    return [opacity * one + (1 - opacity) * other for one, other in zip(color, ground)]


def assert_dimmed_texts_are_read(browser, dark):
    """On frames that are not meant: above the zoom, or not found."""
    paper = (22, 25, 29) if dark else (255, 255, 255)
    tones = [f'state-{name}' for name in STATES] + STEPS + SERVICES + ['mixed']
    found = browser.js('''
        const layer = document.getElementById('frames');
        const numbers = (color) => color.match(/\\d+/g).map(Number);
        return arguments[0].map((tones) => {
            const frame = layer.appendChild(layer.querySelector('.frame').cloneNode(true));
            frame.setAttribute('class', `frame ${tones}`);
            const [all, rect, text] = [frame, frame.querySelector('rect'),
                frame.querySelector('text')].map((el) => getComputedStyle(el));
            const is = [numbers(rect.fill), numbers(text.fill), Number(rect.fillOpacity),
                Number(all.opacity)];
            frame.remove();
            return is;
        })''', [f'{tone} {dim}' for tone in tones for dim in ('above', 'unmatched', 'above unmatched')])
    for fill, text, fill_opacity, opacity in found:
        ground = over(over(fill, paper, fill_opacity), paper, opacity)
        ratio = contrast(ground, over(text, ground if opacity == 1 else paper, opacity))
        assert ratio >= 4.5, f'{"dark" if dark else "light"}: {text} on {fill}, dimmed: {ratio:.2f} only'
        assert fill_opacity * opacity < 0.7, 'it is not dimmed'


def assert_colors(browser, dark):
    where = 'dark' if dark else 'light'
    states = [f'state-{name}' for name in STATES]
    colors = colors_of(browser, states + STEPS + SERVICES + ['mixed'])
    for tone, (fill, text) in colors.items():
        ratio = contrast(fill, text)
        assert ratio >= 4.5, f'{where}: text on {tone} has a contrast of {ratio:.2f} only'
    for group, least in [(states + ['mixed'], 14), (STEPS, 9)]:
        for sight in SIGHTS:
            for i, one in enumerate(group):
                for other in group[i + 1:]:
                    apart = difference(colors[one][0], colors[other][0], sight)
                    assert apart >= least, \
                        f'{where}, {sight}: {one} and {other} are only {apart:.1f} apart'
    for tone in ('folded',):
        fill = browser.js('''
            const rect = document.querySelector('.hatch-ground');
            return getComputedStyle(rect).fill.match(/\\d+/g).map(Number)''')
        text = colors_of(browser, [tone])[tone][1]
        assert contrast(fill, text) >= 4.5, f'{where}: text on {tone}'
