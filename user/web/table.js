// SPDX-License-Identifier: GPL-2.0-or-later
/* A table that is sorted by any column and filtered while one types. */
'use strict';

const ROWS_AT_ONCE = 200;

/*
 * What columns hold: how it is written, whether less of it comes first when a column is
 * chosen, whether it is a number.
 */
const COLUMN_KINDS = {
	text: {text: (value) => isKnown(value) ? String(value) : UNKNOWN, up: true},
	count: {text: figureText, number: true},
	rate: {text: rateText, number: true},
	ms: {text: msText, number: true},
	seconds: {text: secondsText, number: true},
	soon: {text: secondsText, number: true, up: true},
	port: {text: (value) => isKnown(value) ? String(value) : UNKNOWN, number: true, up: true},
	time: {text: clockText},
};

// What is not known comes last, whichever way it is sorted.
function compareValues(one, other, sign) {
	if (!isKnown(one) || !isKnown(other))
		return isKnown(other) - isKnown(one);
	if (typeof one === 'string' || typeof other === 'string')
		return sign * String(one).localeCompare(String(other), 'en', {numeric: true});
	return sign * (one - other);
}

class Table {
	/*
	 * columns: {key, title, kind, hint, value(row), cell(row)}; what is not there follows from
	 * key and kind; cell() makes more than text. id(row): tells rows apart. noun: of them, one
	 * and more. best: which of them are sent, where all are too many. kept(state): {sort, filter}
	 * are others.
	 */
	constructor({columns, id, noun, best, sort, label, kept}) {
		Object.assign(this, {columns, id, noun, best, first: sort, kept, rows: [], all: 0,
			most: ROWS_AT_ONCE, drawn: new Map()});
		this.input = make('input', {type: 'search', class: 'filter', placeholder: 'Filter (/)',
			'aria-label': `Filter ${noun[1]}: words that all must be there`,
			input: () => this.change({filter: this.input.value})});
		this.count = make('output', {class: 'count'});
		this.heads = columns.map((column) => this.head(column));
		this.body = make('tbody');
		this.more = button('', () => this.showMore(), {class: 'more'});
		this.element = make('div', {class: 'table'},
			make('div', {class: 'bar'}, this.input, this.count),
			scrollBox(label, make('table', null,
				make('thead', null, make('tr', null, ...this.heads)), this.body)),
			this.more);
		this.apply({});
	}

	head(column) {
		const pressed = () => this.sortBy(column);
		return make('th', {scope: 'col', class: COLUMN_KINDS[column.kind].number ? 'number' : null},
			button(column.title, pressed, {title: column.hint, 'data-key': column.key}));
	}

	// ------------------------------------------------------------------------- choices

	// A state as the address has it: "-opened" begins with the most.
	apply({sort = this.first, filter = ''}) {
		const key = sort.replace(/^-/, '');
		const column = this.columns.find((one) => one.key === key);
		this.sorted = column ?? this.columns[0];
		this.down = column ? sort.startsWith('-') : false;
		this.filter = filter;
		if (this.input.value !== filter)
			this.input.value = filter;
		this.most = ROWS_AT_ONCE;
		this.draw();
	}

	state() {
		const sort = (this.down ? '-' : '') + this.sorted.key;
		return {sort: sort === this.first ? '' : sort, filter: this.filter};
	}

	change({sort = this.state().sort || this.first, filter = this.filter}) {
		this.apply({sort, filter});
		this.kept(this.state());
	}

	sortBy(column) {
		const kind = COLUMN_KINDS[column.kind];
		const down = column === this.sorted ? !this.down : !kind.up;
		this.change({sort: (down ? '-' : '') + column.key});
	}

	showMore() {
		this.most += ROWS_AT_ONCE;
		this.draw();
	}

	// -------------------------------------------------------------------------- drawing

	// all: so many there are, where these are only some of them.
	show(rows, all = rows.length) {
		Object.assign(this, {rows, all});
		if (!this.element.closest('[hidden]'))
			this.draw();
	}

	valueOf(row, column) {
		return column.value ? column.value(row) : row[column.key];
	}

	textOf(row, column) {
		return COLUMN_KINDS[column.kind].text(this.valueOf(row, column));
	}

	found() {
		const words = this.filter.toLowerCase().split(/\s+/).filter((word) => word);
		const texts = this.columns.filter(({kind}) => !COLUMN_KINDS[kind].number || kind === 'port');
		if (!words.length)
			return [...this.rows];
		return this.rows.filter((row) => {
			const text = texts.map((column) => this.textOf(row, column)).join(' ').toLowerCase();
			return words.every((word) => text.includes(word));
		});
	}

	draw() {
		const {sorted, down} = this;
		const rows = this.found().sort((one, other) =>
			compareValues(this.valueOf(one, sorted), this.valueOf(other, sorted), down ? -1 : 1));
		const drawn = this.drawn;
		this.drawn = new Map();
		const lines = rows.slice(0, this.most).map((row) => {
			let id = this.id(row);
			while (this.drawn.has(id))
				id += ' again';
			const line = drawn.get(id) ?? this.line();
			this.drawn.set(id, line);
			this.fill(line, row);
			return line;
		});
		setChildren(this.body, lines);
		this.drawHeads();
		this.drawCount(rows.length);
	}

	drawHeads() {
		this.columns.forEach((column, i) => {
			const cell = this.heads[i];
			if (column === this.sorted)
				cell.setAttribute('aria-sort', this.down ? 'descending' : 'ascending');
			else
				cell.removeAttribute('aria-sort');
		});
	}

	drawCount(found) {
		const {rows, all, noun: [one, more]} = this;
		const left = found - this.most;
		const these = found === rows.length ? '' : `${countText(found)} of `;
		setText(this.count, these + (all > rows.length ?
			`the ${countText(rows.length)} ${this.best} of ${amountText(all, one, more)}; ` +
				'the filter and the order are of these' : amountText(rows.length, one, more)));
		this.more.hidden = left <= 0;
		setText(this.more, `Show ${countText(Math.min(left, ROWS_AT_ONCE))} more ` +
			`(${countText(left)} are left)`);
	}

	line() {
		return make('tr', null, ...this.columns.map(({kind}, i) =>
			make(i ? 'td' : 'th', {scope: i ? null : 'row',
				class: COLUMN_KINDS[kind].number ? 'number' : null})));
	}

	fill(line, row) {
		this.columns.forEach((column, i) => {
			const cell = line.children[i];
			const kind = COLUMN_KINDS[column.kind];
			if (column.cell) {
				column.cell(cell, row);
				return;
			}
			setText(cell, this.textOf(row, column));
			if (kind.number)
				setClass(cell, this.valueOf(row, column) ? 'number' : 'number little');
		});
	}
}
