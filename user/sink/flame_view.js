// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flame graph in an <svg>: zoom, search, hover and keyboard. Shared by the SVG file, whose
 * frames are drawn already, and the page, whose frames it draws.
 *
 * A frame is {name, parent, children, size, now, base, tone, words()}: its size is what it is
 * wide relative to others, now and base are what it weighs; words() are the lines of its
 * tooltip, name and figures first; el is its element, made when it is drawn first.
 */
'use strict';

const SVG = 'http://www.w3.org/2000/svg';
const ROW = 18;		// as flame_svg.c has them
const GAP = 0.8;
const LEAST = 0.3;
const COLUMN = 7.44;
const MARGIN = 4;
const SEARCH_HINT = 'Finds names by a regular expression, or as plain text where it is none; ' +
	'upper and lower case are alike';
const HINT = 'Click a frame to zoom in, Escape to see all; / searches, the arrow keys walk.';

// Columns of a monospaced font: two for what East Asia writes, and for pictures.
function columnsOf(char) {
	const code = char.codePointAt(0);
	const wide = (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
		(code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
		(code >= 0xffe0 && code <= 0xffe6) || code >= 0x1f000;
	return wide ? 2 : 1;
}

// The text, or as much of it as so many columns take, with an ellipsis.
function cut(text, columns) {
	let used = 0, short = '';
	for (const char of text) {
		used += columnsOf(char);
		if (used > columns)
			return short + '…';
		if (used < columns)
			short += char;
	}
	return text;
}

// The text, or its beginning and its end.
function cutMiddle(text, columns) {
	const chars = [...text];
	const all = chars.reduce((sum, char) => sum + columnsOf(char), 0);
	if (all <= columns)
		return text;
	const take = (list, room) => {
		const end = list.findIndex((char) => (room -= columnsOf(char)) < 0);
		return list.slice(0, end < 0 ? list.length : end);
	};
	const before = take(chars, Math.floor((columns - 1) / 2));
	const behind = take(chars.reverse(), Math.ceil((columns - 1) / 2));
	return `${before.join('')}…${behind.reverse().join('')}`;
}

function labelOf(name, width) {
	const columns = Math.floor((width - 2 * MARGIN) / COLUMN);
	return columns < 3 ? '' : cut(name, columns);
}

function shrunk(width) {
	return width - Math.min(GAP, width / 6);
}

function percent(part, whole) {
	if (!whole)
		return '-';
	const share = 100 * part / whole;
	const tenths = Math.floor(share * 10 + 0.5);
	if (part && tenths < 1)
		return 'under 0.1 %';
	return tenths < 1000 ? `${(tenths / 10).toFixed(1)} %` : `${Math.floor(share + 0.5)} %`;
}

function element(name, attributes, ...children) {
	const el = document.createElementNS(SVG, name);
	for (const [key, value] of Object.entries(attributes))
		el.setAttribute(key, value);
	el.append(...children);
	return el;
}

// What asks of a name whether it matches: a regular expression, or text where it is none.
function matcher(term) {
	try {
		const pattern = new RegExp(term, 'i');
		return (name) => pattern.test(name);
	} catch {
		const plain = term.toLowerCase();
		return (name) => name.toLowerCase().includes(plain);
	}
}

function* ancestors(frame) {
	for (let above = frame.parent; above; above = above.parent)
		yield above;
}

// A frame and those above it but the root, outermost first.
function pathOf(frame) {
	return [...ancestors(frame)].reverse().concat(frame).slice(1);
}

class FlameView {
	/*
	 * layer: the <g> of the frames; left, top, width: where they are in it. told(path, figures)
	 * shows what a frame is, matched(text) what a search has found; changed() is told when
	 * zoom or search are others.
	 */
	constructor(options) {
		Object.assign(this, {left: 0, top: 0, changed() {}}, options);
		this.frameOf = new WeakMap();
		this.drawn = new Set();
		this.matches = null;
		this.term = '';
		this.listen();
	}

	/*
	 * Shows another tree: its root, every frame of it that has been drawn already, and what
	 * all is whose shares are told, where that is not the root.
	 */
	show(root, frames = [], all = root) {
		for (const frame of frames)
			this.adopt(frame);
		if (!frames.length)
			this.layer.replaceChildren();
		this.drawn = new Set(frames);
		this.all = all;
		this.root = this.zoomed = this.current = root;
		this.mark();
	}

	adopt(frame) {
		frame.label = frame.el.querySelector('text');
		this.frameOf.set(frame.el, frame);
	}

	// --------------------------------------------------------------------------- drawing

	create(frame) {
		frame.el = element('svg', {role: 'treeitem', tabindex: -1, height: ROW - 1},
			element('title', {}, frame.words().join('\n')),
			element('rect', {width: '100%', height: '100%'}),
			element('text', {x: MARGIN, y: 12.5}));
		this.layer.append(frame.el);
		this.adopt(frame);
	}

	put(frame, x, width, depth, above) {
		if (!frame.el)
			this.create(frame);
		const attributes = {
			x: (this.left + x).toFixed(2), y: this.top + depth * ROW,
			width: shrunk(width).toFixed(2), 'aria-level': depth + 1,
			class: this.classOf(frame, above), tabindex: frame === this.current ? 0 : -1,
		};
		for (const [key, value] of Object.entries(attributes))
			frame.el.setAttribute(key, value);
		frame.el.removeAttribute('display');
		frame.label.textContent = labelOf(frame.name, shrunk(width));
		this.drawn.add(frame);
		this.rows = Math.max(this.rows, depth + 1);
	}

	classOf(frame, above) {
		let name = `frame ${frame.tone}`;
		if (above)
			name += ' above';
		if (this.matches)
			name += this.matches.has(frame) ? ' match' : ' unmatched';
		return name;
	}

	// A frame and what is below it. What is too narrow to be drawn leaves no gap.
	place(frame, x, width, depth) {
		this.put(frame, x, width, depth, false);
		for (const child of frame.children) {
			const part = width * child.size / frame.size;
			if (part < LEAST)
				continue;
			this.place(child, x, part, depth + 1);
			x += part;
		}
	}

	draw() {
		const before = this.drawn;
		const above = [...ancestors(this.zoomed)].reverse();
		this.drawn = new Set();
		this.rows = 0;
		above.forEach((frame, depth) => this.put(frame, 0, this.width, depth, true));
		if (this.zoomed.size > 0)
			this.place(this.zoomed, 0, this.width, above.length);
		for (const frame of before)
			if (!this.drawn.has(frame))
				frame.el.setAttribute('display', 'none');
		this.resized?.(this.rows * ROW);
	}

	// --------------------------------------------------------------------------- zoom

	zoom(frame) {
		this.zoomed = frame;
		this.setCurrent(frame);
		this.tellMatches();
		this.draw();
		this.changed();
	}

	reset() {
		this.term = '';
		this.mark();
		this.zoom(this.root);
	}

	zoomPath() {
		return pathOf(this.zoomed).map((frame) => encodeURIComponent(frame.name)).join('/');
	}

	// The frame of a path, or the last one on its way that is there to be seen.
	find(path) {
		let frame = this.root;
		for (const part of path ? path.split('/') : []) {
			const next = frame.children.find((child) =>
				child.size > 0 && encodeURIComponent(child.name) === part);
			if (!next)
				break;
			frame = next;
		}
		return frame;
	}

	// --------------------------------------------------------------------------- search

	search(term) {
		this.term = term;
		this.mark();
		this.draw();
		this.changed();
	}

	mark() {
		const matches = this.term ? matcher(this.term) : null;
		this.matches = matches && new Set();
		if (matches)
			this.markBelow(this.root, matches);
		this.tellMatches();
	}

	// The root has no name that anybody gave it.
	markBelow(frame, matches) {
		if (frame.parent && matches(frame.name))
			this.matches.add(frame);
		for (const child of frame.children)
			this.markBelow(child, matches);
	}

	// What weighs of a frame what matches. What stands below a match is counted with it.
	matchedIn(frame, found = {now: 0, base: 0}) {
		if (this.matches.has(frame)) {
			found.now += frame.now;
			found.base += frame.base ?? 0;
		} else {
			for (const child of frame.children)
				this.matchedIn(child, found);
		}
		return found;
	}

	tellMatches() {
		this.matched(this.matches ? this.shareText() : '');
	}

	shareText() {
		if (!this.matches.size)
			return 'Nothing matches.';
		const all = this.matchedIn(this.root);
		const above = [...ancestors(this.zoomed)].some((frame) => this.matches.has(frame));
		const here = above ? this.zoomed : this.matchedIn(this.zoomed);
		const shares = (found, whole) => this.all.base === undefined ?
			percent(found.now, whole.now) :
			`now ${percent(found.now, whole.now)}, base ${percent(found.base, whole.base)}`;
		const ofAll = shares(all, this.all);
		if (this.zoomed === this.root)
			return `Matched: ${ofAll}`;
		const separator = this.all.base === undefined ? ',' : ';';
		return `Matched: ${shares(here, this.zoomed)} of this frame${separator} ${ofAll} of all`;
	}

	// --------------------------------------------------------------------------- hover, keys

	tell(frame) {
		const path = frame && frame.parent ? pathOf(frame) : frame ? [frame] : [];
		this.told(path.map(({name}) => name).join(' › '), frame ? frame.words()[1] : HINT);
	}

	setCurrent(frame) {
		this.current.el?.setAttribute('tabindex', -1);
		this.current = frame;
		frame.el?.setAttribute('tabindex', 0);
	}

	frameAt(event) {
		return this.frameOf.get(event.target.closest('.frame'));
	}

	listen() {
		this.layer.addEventListener('click', (event) => {
			const frame = this.frameAt(event);
			if (frame)
				this.zoom(frame);
		});
		this.layer.addEventListener('mouseover', (event) => this.tell(this.frameAt(event)));
		this.layer.addEventListener('mouseleave', () => this.tell(null));
		this.layer.addEventListener('focusin', (event) => {
			const frame = this.frameAt(event);
			if (frame)
				this.setCurrent(frame);
			this.tell(frame);
		});
		this.layer.addEventListener('focusout', () => this.tell(null));
		this.layer.addEventListener('keydown', (event) => this.key(event));
	}

	beside(frame, step) {
		const siblings = (frame.parent?.children ?? []).filter((child) => this.drawn.has(child));
		return siblings[siblings.indexOf(frame) + step];
	}

	// Where a key leads from a frame.
	target(frame, key) {
		switch (key) {
		case 'ArrowUp': return frame.parent;
		case 'ArrowDown': return frame.children.find((child) => this.drawn.has(child));
		case 'ArrowLeft': return this.beside(frame, -1);
		case 'ArrowRight': return this.beside(frame, 1);
		default: return null;
		}
	}

	key(event) {
		const frame = this.frameAt(event);
		if (!frame || event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.key === 'Enter' || event.key === ' ')
			this.zoom(frame);
		else if (event.key.startsWith('Arrow'))
			this.target(frame, event.key)?.el.focus();
		else
			return;
		event.preventDefault();
	}
}

// What is left of the keys: for the whole document. input: the search box.
function listenToDocument(view, input) {
	input.addEventListener('input', () => view.search(input.value));
	document.addEventListener('keydown', (event) => {
		const find = event.key.toLowerCase() === 'f' && (event.ctrlKey || event.metaKey);
		const slash = event.key === '/' && !event.ctrlKey && !event.metaKey;
		if (event.key === 'Escape') {
			input.value = '';
			input.blur();	// so that the next key is not typed into it
			view.reset();
		} else if ((find || slash) && event.target !== input) {
			event.preventDefault();
			input.focus();
			input.select();
		}
	});
}

// The state in the URL, where it can be.
function readFragment() {
	return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

function writeFragment(state) {
	const set = Object.entries(state).filter(([, value]) => value);
	try {
		history.replaceState(null, '', `#${new URLSearchParams(set)}`);
	} catch {
		// not everywhere is a page allowed to
	}
}
