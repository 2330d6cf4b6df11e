// SPDX-License-Identifier: GPL-2.0-or-later
/* Cards: what is found, one below the other, the worst first. */
'use strict';

const CARDS_AT_ONCE = 50;

// level: how it looks; word: the same for who sees no colours.
function card({level, word, title, lines = [], more = []}) {
	return make('article', {class: `card ${level}`},
		make('h3', null, make('span', {class: `badge ${level}`}, word), ' ', title),
		...lines.filter((line) => line).map((line) => make('p', null, line)), ...more);
}

function advice(text) {
	return text ? make('p', {class: 'advice'}, make('span', {class: 'what'}, 'What helps'), ' ', text) :
		null;
}

function listOf(items, className) {
	return items.length ? make('ul', {class: className}, ...items.map((item) => make('li', null, item))) :
		null;
}

/*
 * Cards of a document, made anew only when it says something else: what is unfolded in them,
 * or selected, stays.
 */
class Cards {
	// make(item): a card; none: what is said where there is no item.
	constructor(make, none) {
		Object.assign(this, {make, none, most: CARDS_AT_ONCE, keys: ''});
	}

	get element() {
		this.box ??= make('div', {class: 'cards'});
		return this.box;
	}

	show(items) {
		const keys = JSON.stringify(items);
		if (keys === this.keys)
			return;
		this.keys = keys;
		this.items = items;
		this.draw();
	}

	draw() {
		const open = [...this.element.querySelectorAll('details')].map((details) => details.open);
		const left = this.items.length - this.most;
		const cards = this.items.slice(0, this.most).map((item) => this.make(item));
		this.element.replaceChildren(...cards.length ? cards :
			this.none ? [make('p', {class: 'none'}, this.none)] : [],
		...left > 0 ? [button(`Show more (${countText(left)} are left)`, () => {
			this.most += CARDS_AT_ONCE;
			this.draw();
		}, {class: 'more'})] : []);
		this.element.querySelectorAll('details').forEach((details, i) => {
			details.open = open[i] ?? false;
		});
	}
}
