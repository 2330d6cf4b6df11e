// SPDX-License-Identifier: GPL-2.0-or-later
/* The table beside the graph: one row for every name, summed up below the zoomed frame. */
'use strict';

const MOST_ROWS = 200;

function addToEntry(entries, tree, frame, key, nested) {
	let entry = entries.get(key);
	if (!entry) {
		entry = {name: frame.name, kind: tree.data.frames[frame.kind] ?? '',
			other: frame.kind === OTHER, own: 0, now: 0, base: 0, stacks: 0};
		entries.set(key, entry);
	}
	entry.own += frame.own[tree.weight];
	if (nested)
		return;
	entry.now += frame.now;
	entry.base += frame.unscaled ?? 0;
	entry.stacks += frame.stacks;
	if (entry.other)
		entry.name = otherName(frame.string, entry.stacks);
}

// Of a name within itself (code that calls itself) only the outer one counts in full.
function gather(entries, tree, frame, above) {
	const key = `${frame.kind} ${frame.string}`;
	const nested = above.has(key);
	if (frame.parent)
		addToEntry(entries, tree, frame, key, nested);
	above.add(key);
	for (const child of frame.children)
		gather(entries, tree, child, above);
	if (!nested)
		above.delete(key);
}

class FrameTable {
	// more: where it says how many rows it leaves out; picked(name): a name was clicked.
	constructor(table, more, picked) {
		Object.assign(this, {table, more, picked, sort: 'now', down: true});
	}

	columns() {
		const {tree} = this;
		const weight = tree.data.weights[tree.weight];
		const value = (key) => (entry) => valueText(weight, entry[key]);
		const alone = [
			{key: 'own', title: 'Own', text: value('own')},
			{key: 'now', title: 'Total', text: value('now')},
			{key: 'share', title: 'Share', text: (entry) => percent(entry.now, tree.all[tree.weight])},
		];
		const compared = [
			{key: 'now', title: 'Now', text: value('now')},
			{key: 'base', title: 'Base', text: value('base')},
			{key: 'difference', title: 'Difference',
				text: (entry) => differenceText(weight, entry.now, entry.base)},
		];
		return [{key: 'name', title: 'Name'}, {key: 'kind', title: 'Frame'},
			...(tree.compared ? compared : alone)];
	}

	// What is below a frame, or only of it what matches.
	show(tree, frame, matches) {
		const entries = new Map();
		this.tree = tree;
		gather(entries, tree, frame, new Set());
		this.entries = [...entries.values()].filter((entry) =>
			(entry.own || entry.now || entry.base) && (!matches || matches(entry.name)));
		this.why = tree.byNothing ? 'No frames are chosen, so there are no names to list: ' +
			'tick some of them above.' : 'No name in this frame matches.';
		for (const entry of this.entries) {
			// summed up first: each of many would be rounded by itself
			entry.base = scaled(tree, entry.base, tree.weight + tree.data.weights.length);
			entry.share = entry.now;
			entry.difference = entry.now - entry.base;
		}
		this.draw();
	}

	sorted() {
		const key = this.sort, sign = this.down ? -1 : 1;
		return this.entries.sort((a, b) => {
			if (a[key] !== b[key])
				return a[key] < b[key] ? -sign : sign;
			return a.name < b.name ? -1 : 1;
		});
	}

	draw() {
		const columns = this.columns();
		if (!columns.some((column) => column.key === this.sort))
			this.sort = 'now';
		const rows = this.sorted();
		this.table.tHead.replaceChildren(...rows.length ? [this.headRow(columns)] : []);
		this.table.tBodies[0].replaceChildren(
			...rows.slice(0, MOST_ROWS).map((entry) => this.row(entry, columns)));
		this.more.textContent = !rows.length ? this.why : rows.length <= MOST_ROWS ? '' :
			`${countText(rows.length - MOST_ROWS)} more rows are not shown: zoom in, or search.`;
	}

	headRow(columns) {
		const row = document.createElement('tr');
		for (const column of columns) {
			const cell = document.createElement('th');
			const button = document.createElement('button');
			button.type = 'button';
			button.textContent = column.title;
			button.dataset.key = column.key;
			button.addEventListener('click', () => this.sortBy(column.key));
			cell.scope = 'col';
			if (column.key === this.sort)
				cell.setAttribute('aria-sort', this.down ? 'descending' : 'ascending');
			cell.append(button);
			row.append(cell);
		}
		return row;
	}

	sortBy(key) {
		const isName = key === 'name' || key === 'kind';
		this.down = key === this.sort ? !this.down : !isName;
		this.sort = key;
		this.draw();
		this.table.tHead.querySelector(`[data-key=${key}]`).focus();
	}

	row(entry, columns) {
		const row = document.createElement('tr');
		for (const {key, text} of columns) {
			const cell = document.createElement(key === 'name' ? 'th' : 'td');
			if (key === 'name')
				cell.scope = 'row';
			if (key === 'name' && !entry.other) {	// that is nobody's name
				const button = document.createElement('button');
				button.type = 'button';
				button.textContent = entry.name;
				button.title = 'Search for it';
				button.addEventListener('click', () => this.picked(entry.name));
				cell.append(button);
			} else {
				cell.textContent = text ? text(entry) : entry[key];
			}
			row.append(cell);
		}
		return row;
	}
}
