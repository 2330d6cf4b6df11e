// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the rows of the page's data (flame_data.h) to a tree of frames as flame_view.js draws
 * it, for any choice and order of frames. Sizes and colours as flame_shape.c gives them.
 */
'use strict';

const NEARLY_ALL = 0.95;
const OTHER = -1;	// as the kind of a frame that stands for unknown ones
const FOLDED = -1;	// and why they are unknown, in place of a string
const NO_ROOM = -2;
const ROOT = -2;	// another kind

// Rows, with what is asked of them again and again worked out.
function readRows(data) {
	const stack = data.frames.indexOf('stack');
	const state = data.frames.indexOf('state');
	return data.rows.map(([path, folded, ...weights]) => {
		const parts = data.frames.map(() => []);
		let last = -1;
		for (let i = 0; i < path.length; i += 2) {
			parts[path[i]].push(path[i + 1]);
			last = path[i];
		}
		return {
			parts, folded, weights,
			state: state < 0 || !parts[state].length ? null : parts[state][0],
			// a folded row says nothing of what is below its last frame
			unknown: !folded ? Infinity : last === stack && last >= 0 ? last : last + 1,
		};
	});
}

// The frames of a row, outermost first: pairs of a kind and a string.
function stackOf(row, by) {
	const stack = [];
	for (const kind of by) {
		for (const string of row.parts[kind])
			stack.push([kind, string]);
		if (kind >= row.unknown && (!stack.length || stack.at(-1)[0] !== OTHER))
			stack.push([OTHER, row.folded > 0 ? FOLDED : NO_ROOM]);
	}
	return stack;
}

function newFrame(parent, kind, string, name, nrValues) {
	return {parent, kind, string, name, children: [], byKey: new Map(), stacks: 0,
		values: new Float64Array(nrValues), own: new Float64Array(nrValues), states: new Map()};
}

function enter(tree, parent, kind, string) {
	const key = `${kind} ${string}`;
	let frame = parent.byKey.get(key);
	if (!frame) {
		frame = newFrame(parent, kind, string, tree.data.strings[string], parent.values.length);
		parent.byKey.set(key, frame);
		parent.children.push(frame);
	}
	return frame;
}

function addTo(tree, frame, row, values) {
	const {weight} = tree;
	// what weighs nothing in what is shown is not counted there
	if (values[weight] || values[weight + tree.data.weights.length])
		frame.stacks += row.folded > 0 ? row.folded : 1;
	for (let i = 0; i < values.length; i++)
		frame.values[i] += values[i];
	if (row.state !== null)
		frame.states.set(row.state, (frame.states.get(row.state) ?? 0) + values[weight]);
}

function addRow(tree, row, by) {
	const values = row.weights;
	let frame = tree.root;
	addTo(tree, frame, row, values);
	for (const [kind, string] of stackOf(row, by)) {
		frame = enter(tree, frame, kind, string);
		addTo(tree, frame, row, values);
	}
	values.forEach((value, i) => { frame.own[i] += value; });
}

// ------------------------------------------------------------------------------ colours

function stateTone(tree, frame) {
	for (const [string, value] of frame.states) {
		const name = tree.data.strings[string];
		if (frame.now && value >= NEARLY_ALL * frame.now && tree.data.states.includes(name))
			return `state-${name}`;
	}
	return 'mixed';
}

function changeTone(now, base) {
	const change = now === base ? 0 : (now - base) / Math.max(now, base);
	const most = Math.abs(change);
	if (most < 0.02)
		return 'same';
	return `${change > 0 ? 'grown' : 'shrunk'}-${Math.min(5, 1 + Math.floor(most * 5))}`;
}

function serviceTone(tree, frame) {
	if (tree.data.frames[frame.kind] === 'service')
		return `service-${tree.data.hues[frame.string]}`;
	if (frame.parent)
		return frame.parent.kind === OTHER ? frame.parent.within : frame.parent.tone;
	return 'mixed';
}

function toneOf(tree, frame) {
	if (tree.compared)
		return changeTone(frame.now, frame.base);
	const tone = tree.color === 'state' ? stateTone(tree, frame) : serviceTone(tree, frame);
	frame.within = tone;
	return frame.kind === OTHER ? 'folded' : tone;
}

// -------------------------------------------------------------------------------- words

function figuresOf(tree, frame, index) {
	const {data, all, compared} = tree;
	const weight = data.weights[index], base = index + data.weights.length;
	const text = compared ?
		comparedText(weight, frame.values[index], frame.values[base],
			frame.parent && {now: all[index], base: all[base]}) :
		aloneText(weight, frame.values[index], all[index],
			frame.parent && frame.parent.values[index]);
	return `${weight.label}: ${text}`;
}

function wordsOf(tree, frame) {
	const lines = [frame.name, figuresOf(tree, frame, tree.weight)];
	const nrWeights = tree.data.weights.length;
	for (let i = 0; i < nrWeights; i++)
		if (i !== tree.weight && (frame.values[i] || frame.values[i + nrWeights]))
			lines.push(figuresOf(tree, frame, i));
	if (frame.kind >= 0)
		lines.push(`(${tree.data.frames[frame.kind]})`);
	return lines;
}

// -------------------------------------------------------------------------------- trees

function compareFrames(a, b) {
	if ((a.kind === OTHER) !== (b.kind === OTHER))
		return a.kind === OTHER ? 1 : -1;
	return a.name < b.name ? -1 : a.name > b.name ? 1 : a.kind - b.kind;
}

// The base's sums, scaled to the total of now where they are to be; as flame_base() does.
function scaled(tree, value, index) {
	const {sums, data} = tree;
	if (!data.normalized || !sums[index])
		return value;
	return Math.floor(value * sums[index - data.weights.length] / sums[index]);
}

function scale(tree, values) {
	for (let i = tree.data.weights.length; i < values.length; i++)
		values[i] = scaled(tree, values[i], i);
	return values;
}

function otherName(why, stacks) {
	return why === NO_ROOM ? '(other)' :
		`(other: ${countText(stacks)} ${stacks === 1 ? 'stack' : 'stacks'})`;
}

// What only the sums tell: tones from the root down, sizes from the leaves up.
function finish(tree, frame) {
	const base = tree.weight + tree.data.weights.length;
	frame.unscaled = frame.values[base];
	scale(tree, frame.values);
	scale(tree, frame.own);
	frame.now = frame.values[tree.weight];
	frame.base = tree.compared ? frame.values[base] : undefined;
	if (frame.kind === OTHER)
		frame.name = otherName(frame.string, frame.stacks);
	frame.tone = toneOf(tree, frame);
	frame.words = () => wordsOf(tree, frame);
	frame.size = tree.compared ? Math.max(frame.own[tree.weight], frame.own[base]) :
		frame.own[tree.weight];
	for (const child of frame.children)
		frame.size += finish(tree, child);
	frame.children.sort(compareFrames);
	return frame.size;
}

function sumOf(data, rows) {
	const sums = new Float64Array(data.weights.length * (data.base === null ? 1 : 2));
	for (const row of rows)
		row.weights.forEach((value, i) => { sums[i] += value; });
	return sums;
}

// Whether any of the row's frames that are shown matches.
function rowMatches(data, row, by, matches) {
	return stackOf(row, by).some(([, string]) => string >= 0 && matches(data.strings[string]));
}

/*
 * choice: {by, weight, color, only}: kinds of frames, outermost first; the number of the
 * weight; 'state' or 'service'; what asks of names whether they match, or null.
 */
function buildTree(data, rows, choice) {
	const sums = sumOf(data, rows);
	const tree = {data, sums, weight: choice.weight, color: choice.color,
		compared: data.base !== null, byNothing: !choice.by.length};
	tree.all = scale(tree, sums.slice());
	tree.root = newFrame(null, ROOT, FOLDED, 'all', sums.length);
	for (const row of rows)
		if (!choice.only || rowMatches(data, row, choice.by, choice.only))
			addRow(tree, row, choice.by);
	finish(tree, tree.root);
	return tree;
}
