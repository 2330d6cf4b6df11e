// SPDX-License-Identifier: GPL-2.0-or-later
/* The page: what comes from the feed goes to the head, the charts and the open tab. */
'use strict';

// So often, in ms, a document is asked for: always, and while the tab that shows it is open.
const ALWAYS = {top: 2000, history: 30000, leaks: 10000, ports: 10000, doctor: 15000, host: 10000};
const WHILE_OPEN = {top: 2000, list: 4000, leaks: 2000, ports: 2000, doctor: 5000, flame: 10000};
const WHOLE_FROM_S = 10;	// traced for less, the whole time is as good as now

// A tab: what it is called, which document it needs, and who shows that.
function tableTab(table, kept) {
	const shown = new Table({...table, label: table.title, kept});
	return {name: table.name, title: table.title, needs: table.needs, element: shown.element,
		input: shown.input, apply: (state) => shown.apply(state),
		show: (document) => shown.show(table.rows(document), document.total)};
}

/*
 * Who asks once is told of the rates over the whole time, which are not those of now: until the next
 * answer there are none.
 */
function ratesOfNow(top) {
	const traced = (Date.parse(top.to) - Date.parse(top.from)) / 1e3;
	if (!(traced > WHOLE_FROM_S && top.rates_over_s > 0.9 * traced))
		return top;
	const without = (row) => ({...row, opened_per_s: null, closed_per_s: null});
	const tables = ['services', 'ports', 'remotes', 'pairs'].map((name) => [name, top[name].map(without)]);
	return {...top, totals: without(top.totals), ...Object.fromEntries(tables)};
}

function cardsTab(name, title, needs, shown) {
	return {name, title, needs, element: shown.element, apply: () => {},
		show: (document) => shown.show(document)};
}

class WebPage {
	constructor() {
		const own = ownDocuments();
		this.documents = own ?? {};
		this.live = !own;
		this.place = new Place(() => this.open());
		this.head = new Head((tab) => this.choose(tab));
		this.charts = new Charts(part('charts'));
		this.tabs = this.makeTabs();
		this.panels = new Panels(part('panels'), this.tabs, (name) => this.choose(name));
		this.listen();
		if (this.live)
			this.feed = new Feed((documents) => this.take(documents), (...said) => this.say(...said));
		else
			this.say('file', 'Recorded');
		this.open();
		if (own)
			this.take(own);
	}

	makeTabs() {
		const kept = (name) => (state) => this.place.keep(name, state);
		const tables = Object.fromEntries(TABLES.map((table) =>
			[table.name, tableTab(table, kept(table.name))]));
		const leaks = new Cards(leakCard, 'Nothing leaks, as far as that is known by now.');
		const budgets = new Budgets(kept('budgets'));
		const flame = new Flame(kept('flame'));
		this.events = this.live ? new Events() : null;
		return [
			tables.services, tables.ports, tables.remotes, tables.pairs, tables.connections,
			cardsTab('leaks', 'Leaks', 'leaks', {element: leaks.element,
				show: ({verdicts}) => leaks.show(verdicts)}),
			{...cardsTab('budgets', 'Port budgets', 'ports', budgets), input: budgets.table.input,
				apply: (state) => budgets.table.apply(state)},
			tables.failures,
			cardsTab('doctor', 'Doctor', 'doctor', new Doctor()),
			{...cardsTab('flame', 'Flame graph', 'flame', flame), apply: (state) => flame.apply(state),
				get input() { return flame.input; }, escape: () => flame.escape()},
			...this.live ? [{name: 'events', title: 'Events', element: this.events.element,
				input: this.events.input, apply: (state) => this.events.apply(state), show: () => {}}] : [],
		];
	}

	// ------------------------------------------------------------------------- choices

	tab() {
		return this.tabs.find(({name}) => name === this.place.tab) ?? this.tabs[0];
	}

	choose(name) {
		this.place.go(name);
		this.open();
	}

	open() {
		const tab = this.tab();
		this.panels.open(tab.name);
		tab.apply(this.place.state(tab.name));
		this.events?.open(tab.name === 'events');
		this.feed?.want({...ALWAYS, ...tab.needs ? {[tab.needs]: WHILE_OPEN[tab.needs]} : {}});
		this.showTab();
	}

	listen() {
		document.addEventListener('keydown', (event) => this.key(event));
		part('token').addEventListener('submit', (event) => {
			event.preventDefault();
			this.feed.takeToken(part('token-text').value);
			part('token-text').value = '';
		});
	}

	key(event) {
		const tab = this.tab();
		const typing = event.target.matches('input, select, textarea');
		if (event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.key === '/' && !typing && tab.input) {
			event.preventDefault();
			tab.input.focus();
			tab.input.select();
		} else if (event.key === 'Escape' && (event.target === tab.input || tab.escape)) {
			this.clear(tab);
		}
	}

	clear(tab) {
		if (tab.escape) {
			tab.escape();
		} else {
			tab.input.value = '';
			tab.input.dispatchEvent(new Event('input'));
		}
		tab.input.blur();	// so that the next key is not typed into it
	}

	// ------------------------------------------------------------------------- documents

	// null: the server does not have it (yet).
	take(documents) {
		for (const [name, document] of Object.entries(documents))
			if (document)
				this.documents[name] = this.live && name === 'top' ? ratesOfNow(document) : document;
		if (!this.documents.top)
			return;
		const first = part('panels').hidden;
		part('overview').hidden = part('panels').hidden = false;
		this.head.show(this.documents);
		if (documents.history)
			this.charts.show(documents.history);
		if (documents.top)
			this.charts.extend(documents.top);
		this.showBadges();
		if (first)	// nothing was laid out before
			this.panels.open(this.tab().name);
		if (this.tab().needs in documents)
			this.showTab();
	}

	showTab() {
		const tab = this.tab(), document = this.documents[tab.needs];
		if (document && this.documents.top)
			tab.show(document);
	}

	showBadges() {
		const {leaks, ports, doctor} = this.documents;
		const badge = (name, tile, count) => this.panels.note(name, count ? countText(count) : '', tile[3]);
		if (leaks)
			badge('leaks', leakTile(leaks), leaks.verdicts.filter(({level}) => level !== 'watch').length);
		if (ports)
			badge('budgets', budgetTile(ports), ports.budgets.filter(({level}) => level !== 'fine').length);
		if (ports)
			badge('failures', [null, null, null, 'warn'], ports.failures.length);
		if (doctor)
			badge('doctor', doctorTile(doctor),
				doctor.findings.filter(({severity}) => severity !== 'note').length);
	}

	// How it goes: 'live', 'away', 'token', 'file'.
	say(kind, text) {
		const words = {live: 'Live', away: `${text}; trying again`, token: 'A token is needed', file: text};
		setText(part('state'), words[kind]);
		setClass(part('state'), kind);
		part('token').hidden = kind !== 'token';
		if (kind === 'token')
			setText(part('token-said'), text);
	}
}

// Its name is that of no element: the tests ask it what it shows.
const page = new WebPage();
