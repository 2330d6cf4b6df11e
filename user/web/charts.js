// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The course of the totals: populations, and rates from the differences of counters. Drawn by
 * Chart.js; a table beneath says the same.
 */
'use strict';

const MOST_STEPS = 240;		// a chart has no more pixels to tell them apart
const MOST_TABLE_ROWS = 60;
const MOST_TICKS = 7;
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600,
	43200, 86400];
const HISTORY_MS = 3600e3;
const LINES = {
	population: [
		{field: 'time_wait', title: 'TIME-WAIT', color: '--line-1', dash: []},
		{field: 'established', title: 'ESTAB', color: '--line-2', dash: [6, 3]},
		{field: 'close_wait', title: 'CLOSE-WAIT', color: '--line-3', dash: [2, 2]},
		{field: 'fin_wait2', title: 'FIN-WAIT2', color: '--line-4', dash: [8, 3, 2, 3]},
	],
	rates: [
		{field: 'opened', title: 'opened/s', color: '--line-2', dash: []},
		{field: 'closed', title: 'closed/s', color: '--line-1', dash: [6, 3]},
		{field: 'failed', title: 'failed/s', color: '--line-3', dash: [2, 2]},
	],
};

/*
 * Points in groups, each of which becomes one of the chart. Groups are moments of the clock: a
 * point that is new, or gone, changes no other group.
 */
function thinOut(points) {
	const span = points.length ? points.at(-1)[0] - points[0][0] : 0;
	const step = points.length > MOST_STEPS ? 1e3 * Math.ceil(span / MOST_STEPS / 1e3) : 1;
	const groups = new Map();
	for (const point of points) {
		const moment = Math.floor(point[0] / step);
		groups.set(moment, [...groups.get(moment) ?? [], point]);
	}
	return [...groups.values()];
}

function populationOf(groups, index) {
	return groups.map((group) => ({x: group.at(-1)[0],
		y: Math.max(...group.map((point) => point[index]))}));
}

function ratesOf(groups, index) {
	const last = groups.map((group) => group.at(-1));
	return last.slice(1).map((point, i) => ({x: point[0],
		y: Math.max(0, point[index] - last[i][index]) / Math.max(1e-3, (point[0] - last[i][0]) / 1e3)}));
}

function timeText(ms, seconds = true) {
	return new Date(ms).toISOString().slice(11, seconds ? 19 : 16);
}

function color(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Round moments; the scale of numbers knows none.
function setTimeTicks(axis) {
	const step = TIME_STEPS_S.map((seconds) => 1e3 * seconds)
		.find((ms) => (axis.max - axis.min) / ms <= MOST_TICKS) ?? axis.max - axis.min;
	axis.ticks = [];
	for (let ms = Math.ceil(axis.min / step) * step; ms <= axis.max; ms += step)
		axis.ticks.push({value: ms});
}

// As the lines are drawn: by itself Chart.js leaves out dashes and width.
function legendLabels(chart) {
	return Chart.defaults.plugins.legend.labels.generateLabels(chart).map((label) => {
		const {borderColor, borderDash} = chart.data.datasets[label.datasetIndex];
		return {...label, lineWidth: 2.5, lineDash: borderDash, strokeStyle: borderColor};
	});
}

class Course {
	// kind: of LINES; read(groups, index): the points of a line.
	constructor(kind, title, read) {
		Object.assign(this, {kind, title, read});
		this.canvas = make('canvas', {role: 'img'});
		this.details = make('details', {toggle: () => this.drawTable()},
			make('summary', null, `${title} as a table`));
		this.element = make('figure', {class: 'chart'}, make('figcaption', null, title),
			make('div', {class: 'canvas'}, this.canvas), this.details);
	}

	options() {
		const ink = color('--ink'), grid = color('--grid');
		const long = this.groups.length && this.groups.at(-1).at(-1)[0] - this.groups[0][0][0] > 600e3;
		return {
			animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
			interaction: {mode: 'index', intersect: false},
			elements: {point: {radius: 0, hitRadius: 8}, line: {borderWidth: 2}},
			scales: {
				x: {type: 'linear', grid: {color: grid}, bounds: 'data', afterBuildTicks: setTimeTicks,
					ticks: {color: ink, maxRotation: 0, autoSkipPadding: 12,
						callback: (value) => timeText(value, !long)}},
				y: {beginAtZero: true, grid: {color: grid}, suggestedMax: 1,
					ticks: {color: ink, precision: this.kind === 'rates' ? undefined : 0,
						maxTicksLimit: 6}},
			},
			plugins: {
				legend: {labels: {color: ink, usePointStyle: true, pointStyleWidth: 32, generateLabels: legendLabels}},
				tooltip: {callbacks: {
					title: ([item]) => `${timeText(item.parsed.x)} UTC`,
					label: ({dataset, parsed}) => `${dataset.label}: ${this.textOf(parsed.y)}`,
				}},
			},
		};
	}

	textOf(value) {
		return this.kind === 'rates' ? rateText(value) : countText(value);
	}

	show(history, groups) {
		this.groups = groups;
		this.lines = LINES[this.kind].map((line) => ({...line,
			points: this.read(groups, 1 + history.fields.indexOf(line.field))}));
		this.draw();
		this.drawTable();
	}

	draw() {
		const datasets = this.lines.map(({title, points, color: name, dash}) => ({label: title,
			data: points, borderColor: color(name), backgroundColor: color(name), borderDash: dash,
			pointStyle: 'line'}));
		if (!this.chart)
			this.chart = new Chart(this.canvas, {type: 'line', data: {datasets}, options: this.options()});
		datasets.forEach((dataset, i) => Object.assign(this.chart.data.datasets[i], dataset));
		this.chart.options = this.options();
		this.chart.update('none');
		this.canvas.setAttribute('aria-label', `${this.title}: ${this.summary()}`);
	}

	summary() {
		return this.lines.map(({title, points}) => `${title} now ` +
			`${this.textOf(points.at(-1)?.y ?? 0)}, at most ` +
			`${this.textOf(Math.max(0, ...points.map(({y}) => y)))}`).join('; ');
	}

	// Only for those who have opened it.
	drawTable() {
		if (!this.details.open || !this.lines)
			return;
		const step = Math.ceil(this.lines[0].points.length / MOST_TABLE_ROWS);
		const rows = this.lines[0].points.map((_, i) => i)
			.filter((i) => (this.lines[0].points.length - 1 - i) % step === 0);
		const head = make('tr', null, make('th', {scope: 'col'}, 'Time (UTC)'),
			...this.lines.map(({title}) => make('th', {scope: 'col', class: 'number'}, title)));
		const body = rows.map((i) => make('tr', null,
			make('th', {scope: 'row'}, timeText(this.lines[0].points[i].x)),
			...this.lines.map(({points}) => make('td', {class: 'number'}, this.textOf(points[i].y)))));
		const table = scrollBox(`${this.title} as a table`, make('table', null,
			make('thead', null, head), make('tbody', null, ...body)));
		this.details.replaceChildren(this.details.firstChild, table);
	}
}

class Charts {
	constructor(root) {
		this.root = root;
		this.courses = [new Course('population', 'Connections', populationOf),
			new Course('rates', 'Rates', ratesOf)];
		this.none = make('p', {class: 'little'}, 'There is no course to draw yet.');
		root.append(this.none, ...this.courses.map((course) => course.element));
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
		addEventListener('beforeprint', () => this.courses.forEach(({chart}) => chart?.resize()));
	}

	show(history) {
		this.history = history;
		this.draw();
	}

	// Between two documents the totals go on: a point of them, where it is a later one.
	extend({to, totals}) {
		const {fields, points} = this.history ?? {};
		const ms = Date.parse(to);
		if (!fields || !points.length || !(ms - points.at(-1)[0] >= 900))
			return;
		points.push([ms, ...fields.map((field) => totals[field])]);
		this.history.points = points.filter(([at]) => at > ms - HISTORY_MS);
		this.draw();
	}

	draw() {
		const points = this.history?.points ?? [];
		const enough = points.length > 1;
		this.none.hidden = enough;
		const groups = thinOut(points);
		for (const course of this.courses) {
			course.element.hidden = !enough;
			if (enough)
				course.show(this.history, groups);
		}
	}
}
