// SPDX-License-Identifier: GPL-2.0-or-later
/* The page: its controls, and what follows when one of them is used. */
'use strict';

const SCALE = ['shrunk-5', 'shrunk-4', 'shrunk-3', 'shrunk-2', 'shrunk-1', 'same',
	'grown-1', 'grown-2', 'grown-3', 'grown-4', 'grown-5'];
const LIFE = ['SYN_SENT', 'SYN_RECV', 'ESTABLISHED', 'FIN_WAIT1', 'FIN_WAIT2', 'CLOSING',
	'TIME_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'CLOSE'];
const MOST_SERVICES = 8;	// of the legend
const SCALE_LABELS = {'shrunk-1': 'shrunk, or gone', 'same': 'as before',
	'grown-5': 'grown, or new'};

const part = (id) => document.getElementById(id);

class FlamePage {
	constructor(data) {
		this.data = data;
		this.rows = readRows(data);
		this.weight = part('weight');
		this.color = part('color');
		this.input = part('search');
		this.input.title = SEARCH_HINT;
		this.only = part('only');
		this.choice = new FrameChoice(part('by'), data.frames, data.shown, () => this.rebuild());
		this.table = new FrameTable(part('table'), part('more'), (name) => this.pick(name));
		this.view = new FlameView({
			layer: part('frames'), width: this.room(),
			told: (path, figures) => {
				const columns = Math.floor(this.room() / COLUMN);
				part('name').textContent = cutMiddle(path, columns);
				part('figures').textContent = figures;
			},
			matched(text) { part('matched').textContent = text; },
			resized: (height) => this.resize(height),
			changed: () => this.follow(),
		});
		this.fillControls();
		this.listen();
	}

	fillWeights() {
		this.data.weights.forEach((weight, i) => this.weight.add(new Option(weight.label, i)));
		this.weight.value = this.data.weight;
	}

	fillControls() {
		this.fillWeights();
		this.color.value = this.data.color;
		part('color-choice').hidden = this.data.base !== null;
	}

	listen() {
		for (const el of [this.weight, this.color, this.only])
			el.addEventListener('change', () => this.rebuild());
		part('reset').addEventListener('click', () => {
			this.input.value = '';
			this.view.reset();
		});
		this.listenToPage();
		new ResizeObserver(() => this.fitWindow()).observe(part('page'));
	}

	// What is the whole document's, and another page's own affair.
	listenToPage() {
		listenToDocument(this.view, this.input);
		addEventListener('hashchange', () => this.apply(readFragment()));
	}

	// Where it is remembered what is shown.
	keep(state) {
		writeFragment(state);
	}

	room() {
		return Math.max(300, part('page').clientWidth);
	}

	fitWindow() {
		if (this.view.width === this.room() || !this.view.root)
			return;
		this.view.width = this.room();
		this.view.draw();
	}

	resize(height) {
		part('picture').setAttribute('viewBox', `0 0 ${this.view.width} ${height}`);
		part('picture').setAttribute('width', this.view.width);
		part('picture').setAttribute('height', height);
	}

	// ------------------------------------------------------------------------- building

	onlyMatches() {
		return this.only.checked && this.input.value ? matcher(this.input.value) : null;
	}

	build() {
		this.tree = buildTree(this.data, this.rows, {
			by: this.choice.by(), weight: Number(this.weight.value),
			color: this.color.value, only: this.onlyMatches(),
		});
		this.builtFor = this.only.checked ? this.input.value : '';
		this.view.term = this.input.value;
		const {all, weight} = this.tree;
		this.view.show(this.tree.root, [],
			{now: all[weight], base: all[weight + this.data.weights.length]});
		this.showHead();
		this.showNothing();
		this.showLegend();
	}

	// After any control but the search box: the zoom stays where it can.
	rebuild() {
		const path = this.view.zoomPath();
		this.build();
		this.view.zoom(this.view.find(path));
	}

	// After zoom and search.
	follow() {
		if (this.only.checked && this.builtFor !== this.input.value) {
			this.rebuild();
			return;
		}
		const matches = this.view.term ? matcher(this.view.term) : null;
		this.table.show(this.tree, this.view.zoomed, matches);
		this.keep({
			zoom: this.view.zoomPath(), search: this.view.term, only: this.only.checked ? '1' : '',
			weight: this.data.weights[this.tree.weight].name, color: this.tree.color,
			by: this.choice.text(),
		});
	}

	apply(state) {
		const weight = this.data.weights.findIndex(({name}) => name === state.weight);
		if (weight >= 0)
			this.weight.value = weight;
		if (state.color === 'state' || state.color === 'service')
			this.color.value = state.color;
		if (state.by !== undefined)
			this.choice.set(state.by);
		this.only.checked = state.only === '1';
		this.input.value = state.search ?? '';
		this.build();
		this.view.zoom(this.view.find(state.zoom));
	}

	// A name of the table becomes what is searched for, as it stands.
	pick(name) {
		this.input.value = `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
		this.view.search(this.input.value);
	}

	// ----------------------------------------------------------------------------- head

	showHead() {
		const {data, tree} = this;
		const weight = data.weights[tree.weight];
		const where = data.host === null ? 'on several hosts' : `on ${data.host}`;
		const than = data.base === null ? '' : `, compared with ${data.base.replace(/.*\/(?=.)/, '')}`;
		const by = this.choice.by().map((kind) => data.frames[kind].replaceAll('_', ' '));
		const unit = weight.time ? '' : ` ${weight.label}`;

		part('title').textContent = `${capital(weight.label)} ${where}${than}`;
		// the base's as it was: scaled it is the same as now
		const told = data.base === null ? 'in all' : 'now, ' +
			`${valueText(weight, tree.sums[tree.weight + data.weights.length])} in the base`;
		part('total').textContent =
			`${valueText(weight, tree.all[tree.weight])}${unit} ${told}` + (by.length ? `, by ${by.join(', ')}` : '');
	}

	showNothing() {
		const {tree} = this;
		const weight = this.data.weights[tree.weight];
		const empty = !tree.root.size;

		part('nothing').hidden = !empty;
		part('nothing').textContent = tree.all.some((value) => value) && this.onlyMatches() ?
			'Nothing matches.' :
			`There was nothing to draw: no ${weight.label} in this window.`;
		for (const id of ['picture', 'legend', 'table', 'more', 'name', 'figures'])
			part(id).toggleAttribute('hidden', empty);
	}

	legendItem(tone, label) {
		const item = document.createElement('span');
		if (!tone) {
			item.textContent = label;
			return item;
		}
		const swatch = element('svg', {class: tone, width: 14, height: 12, 'aria-hidden': true},
			element('rect', {width: 14, height: 12}));
		item.append(swatch, label ? ` ${label}` : '');
		item.classList.toggle('step', !label);
		return item;
	}

	tonesBelow(frame, tones) {
		tones.add(frame.tone);
		for (const child of frame.children)
			if (child.size > 0)
				this.tonesBelow(child, tones);
		return tones;
	}

	// The heaviest ones, each with its hue: the hues alone say nothing.
	servicesBelow(frame, totals) {
		if (this.data.frames[frame.kind] === 'service' && frame.now)
			totals.set(frame.string, (totals.get(frame.string) ?? 0) + frame.now);
		for (const child of frame.children)
			this.servicesBelow(child, totals);
		return totals;
	}

	serviceItems() {
		const name = ([string]) => this.data.strings[string];
		const services = [...this.servicesBelow(this.tree.root, new Map())].sort((a, b) =>
			b[1] - a[1] || (name(a) < name(b) ? -1 : 1));
		const more = services.length - MOST_SERVICES;
		const items = services.slice(0, MOST_SERVICES).map((service) =>
			[`service-${this.data.hues[service[0]]}`, name(service)]);
		return more > 0 ? [...items, [null, `and ${countText(more)} more`]] : items;
	}

	showLegend() {
		const byState = this.tree.color === 'state';
		const mixed = byState ? 'several states' : 'several services';
		const states = LIFE.map((name) => [`state-${name}`, name]);
		const there = this.tonesBelow(this.tree.root, new Set());
		const items = this.tree.compared ? SCALE.map((tone) => [tone, SCALE_LABELS[tone]]) :
			[...byState ? states : this.serviceItems(), ['mixed', mixed], ['folded', '(other)']]
				.filter(([tone]) => !tone || there.has(tone));
		part('legend').replaceChildren(...items.map((item) => this.legendItem(...item)));
	}
}
