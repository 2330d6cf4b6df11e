// SPDX-License-Identifier: GPL-2.0-or-later
/* Brings the SVG file to life: its frames are in the drawing, each with its figures. */
'use strict';

const XHTML = 'http://www.w3.org/1999/xhtml';
const LEFT = 10;	// as flame_svg.c has them
const WIDTH = 1180;
const LINE_COLUMNS = 155;
const NAME_COLUMNS = Math.floor(WIDTH / COLUMN);

function frameOfElement(el, frames) {
	const words = el.querySelector('title').textContent.split('\n');
	const frame = {
		el, name: words[0], words: () => words, children: [],
		parent: frames[el.dataset.parent] ?? null,
		size: Number(el.dataset.size), now: Number(el.dataset.now),
		base: el.dataset.base === undefined ? undefined : Number(el.dataset.base),
		tone: el.getAttribute('class').replace('frame ', ''),
	};
	frame.parent?.children.push(frame);
	return frame;
}

function xhtml(name, attributes) {
	const el = document.createElementNS(XHTML, name);
	for (const [key, value] of Object.entries(attributes))
		el.setAttribute(key, value);
	return el;
}

// A search box, a button, and the line that tells what was found.
function addControls() {
	const input = xhtml('input', {type: 'search', placeholder: 'Search (/)', title: SEARCH_HINT,
		'aria-label': 'Search: a regular expression, or text'});
	const reset = xhtml('button', {type: 'button', title: 'Show all (Escape)'});
	const row = xhtml('div', {class: 'controls'});
	const room = element('foreignObject', {x: 850, y: 8, width: 340, height: 34}, row);
	const matched = element('text', {id: 'matched', class: 'line', x: LEFT + WIDTH, y: 58,
		'text-anchor': 'end', 'aria-live': 'polite'});

	reset.textContent = 'Reset';
	row.append(input, reset);
	document.documentElement.append(room, matched);
	return {input, reset, matched};
}

function applyFragment(view, input) {
	const state = readFragment();
	input.value = state.search ?? '';
	view.term = input.value;
	view.zoomed = view.find(state.zoom);
	view.mark();
	view.setCurrent(view.zoomed);
	view.draw();
}

function start() {
	const layer = document.getElementById('frames');
	const name = document.getElementById('name');
	const figures = document.getElementById('figures');
	const {input, reset, matched} = addControls();
	const frames = [];
	for (const el of layer.querySelectorAll('.frame'))
		frames.push(frameOfElement(el, frames));
	const view = new FlameView({
		layer, left: LEFT, top: Number(layer.dataset.top), width: WIDTH,
		told(path, what) {
			name.textContent = cutMiddle(path, NAME_COLUMNS);
			figures.textContent = cut(what, LINE_COLUMNS);
		},
		matched(text) { matched.textContent = text; },
		changed() { writeFragment({zoom: view.zoomPath(), search: view.term}); },
	});
	view.show(frames[0], frames);
	view.tell(null);
	listenToDocument(view, input);
	reset.addEventListener('click', () => {
		input.value = '';
		view.reset();
	});
	addEventListener('hashchange', () => applyFragment(view, input));
	applyFragment(view, input);
}

start();
