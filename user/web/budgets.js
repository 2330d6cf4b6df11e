// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets of ephemeral ports: those that need a word as cards, all of them as a table. */
'use strict';

const USES = [['established', 'ESTAB'], ['time_wait', 'TIME-WAIT'], ['fin_wait2', 'FIN-WAIT2'],
	['other', 'other']];

// How much of a budget is used, and by what; half of it and its peak are marked.
function budgetBar(budget) {
	const whole = budget.capacity || Math.max(1, budget.used);
	const share = (count) => `${Math.min(100, 100 * count / whole)}%`;
	const bar = make('div', {class: 'budget', role: 'img', 'aria-label': `${figureText(budget.used)} of ` +
		`${figureText(budget.capacity)} ports are used`});
	for (const [key] of USES) {
		const piece = make('span', {class: `use-${key}`});
		piece.style.width = share(budget[key]);
		bar.append(piece);
	}
	const peak = make('i', {class: 'peak', title: `at most ${figureText(budget.peak)}`});
	peak.style.left = share(budget.peak);
	bar.append(make('i', {class: 'half', title: 'half of the ports'}), peak);
	return bar;
}

function budgetName(budget) {
	const netns = budget.netns_name ?? budget.netns;
	return `${budget.local_addr ?? '*'} → ` +
		`${endText(budget.remote_name ?? budget.remote_addr, budget.remote_port)}` +
		`${isKnown(netns) && netns !== 'host' ? ` in ${netns}` : ''}`;
}

function forecastText(budget) {
	const until = (seconds, what) => !isKnown(seconds) ? null :
		seconds ? `${what} in ${secondsText(seconds)}` : `${what} now`;
	const when = [until(budget.half_in_s, 'half of them used'), until(budget.exhausted_in_s, 'none left')]
		.filter((text) => text);
	return when.length ? `At this rate: ${when.join(', ')}.` : null;
}

function rateLine(budget) {
	return `${rateText(budget.per_s)} connects a second of late; ${rateText(budget.sustainable_per_s)} ` +
		`can go on for ever, as each port is held for ${msText(budget.hold_ms)}` +
		`${budget.hold_measured ? '' : ' (not measured)'}`;
}

function searchLine({search_us: search}) {
	if (!search.count)
		return null;
	return `connect() searched for ${durationText(search.p50)} on the median, ` +
		`${durationText(search.max)} at most`;
}

function budgetCard(budget) {
	const uses = partsText(USES.map(([key, name]) => [budget[key], name]));
	const owner = budget.service === null ? '' : `; ${budget.service} has ` +
		`${figureText(budget.service_used)} of them`;
	return card({
		level: BUDGET_LEVELS[budget.level], word: budget.level, title: budgetName(budget),
		lines: [
			budgetBar(budget),
			`${figureText(budget.used)} of ${figureText(budget.capacity)} ports are used, ` +
				`${figureText(budget.peak)} at most${uses ? ` (${uses})` : ''}${owner}`,
			budget.failures ? `${amountText(budget.failures, 'connect()', 'connects')} found no port` : null,
			forecastText(budget), rateLine(budget), searchLine(budget),
		],
		more: [advice(budget.advice)],
	});
}

const BUDGET_COLUMNS = [
	{key: 'to', title: 'To', kind: 'text',
		value: (row) => endText(row.remote_name ?? row.remote_addr, row.remote_port)},
	{key: 'local_addr', title: 'From', kind: 'text'},
	{key: 'netns', title: 'Namespace', kind: 'text', value: (row) => row.netns_name ?? row.netns},
	{key: 'level', title: 'Level', kind: 'text'},
	{key: 'used', title: 'Used', kind: 'count'},
	{key: 'capacity', title: 'Of', kind: 'count'},
	{key: 'share', title: 'Share', kind: 'rate',
		value: (row) => row.capacity ? row.used / row.capacity : null,
		cell: (cell, row) => {
			setClass(cell, 'number');
			cell.replaceChildren(make('span', {class: 'share'}, budgetBar(row),
				shareText(row.used, row.capacity)));
		}},
	{key: 'peak', title: 'Peak', kind: 'count'},
	{key: 'per_s', title: 'Tries/s', kind: 'rate'},
	{key: 'sustainable_per_s', title: 'Lasting/s', kind: 'rate',
		hint: 'A rate that can be kept up for ever'},
	{key: 'half_in_s', title: 'Half in', kind: 'soon'},
	{key: 'exhausted_in_s', title: 'None in', kind: 'soon'},
	{key: 'failures', title: 'Failed', kind: 'count', hint: 'Connects that found no port'},
	SERVICE,
];

class Budgets {
	constructor(kept) {
		this.cards = new Cards(budgetCard, '');
		this.table = new Table({columns: BUDGET_COLUMNS, noun: ['destination'], sort: '-share', kept,
			label: 'Port budgets', id: (row) => `${budgetName(row)} ${row.low} ${row.high}`});
		this.none = make('p', {class: 'none'}, 'Every destination has ports enough.');
		this.element = make('div', null, this.none, this.cards.element, this.table.element);
	}

	show({budgets}) {
		const worse = budgets.filter(({level}) => level !== 'fine');
		this.none.hidden = worse.length > 0;
		this.cards.show(worse);
		this.table.show(budgets);
	}
}
