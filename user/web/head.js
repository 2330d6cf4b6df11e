// SPDX-License-Identifier: GPL-2.0-or-later
/* What stands above all: which host, for how long, what the figures rest on, and the totals. */
'use strict';

const MOST_RECORDINGS = 5;
const EVIDENCE = {
	inferred: 'inferred: early ends of TIME_WAIT show only when the kernel is polled',
	snapshot: 'TIME_WAIT is known only as it was found',
};

function spanText(from, to) {
	if (!isKnown(from) || !isKnown(to))
		return 'nothing has been traced yet';
	const us = (Date.parse(to) - Date.parse(from)) * 1e3;
	return `traced for ${durationText(us)}, from ${dateText(from)} to ${dateText(to)}`;
}

function lossText(loss) {
	if (!loss.total)
		return 'no event lost';
	const causes = Object.entries(loss).filter(([cause, count]) => count && cause !== 'total')
		.map(([cause, count]) => `${countText(count)} ${cause.replaceAll('_', ' ')}`);
	return `${amountText(loss.total, 'event')} lost or told in sum: ${causes.join(', ')}`;
}

const AUDITED_NOW = {
	time_wait: ['small socket'], established: ['connection in ESTABLISHED', 'connections in ESTABLISHED'],
	substate_time_wait: ['socket in TIME-WAIT', 'sockets in TIME-WAIT'],
	substate_fin_wait2: ['small socket in FIN-WAIT2', 'small sockets in FIN-WAIT2'],
};
// What happened: who has once missed some has missed them for good.
const AUDITED_SINCE_START = {
	time_wait_entered: ['birth'], time_wait_expired: ['expiry', 'expiries'],
	time_wait_refused: ['refusal'], time_wait_reused: ['reuse'],
};

function differencesOf(audit, words) {
	return Object.entries(words).filter(([key]) => audit[key]?.error).map(([key, noun]) =>
		`${amountText(Math.abs(audit[key].error), ...noun)} ${audit[key].error < 0 ? 'fewer' : 'more'}`)
		.join(', ');
}

// Of one namespace, every figure in which the kernel's count is another than twtrace's.
function auditErrors(audit) {
	const now = differencesOf(audit, AUDITED_NOW), ever = differencesOf(audit, AUDITED_SINCE_START);
	return [...now ? [`${now} than the kernel has`] : [],
		...ever ? [`since the start ${ever} than the kernel counts`] : []];
}

function auditText(audits) {
	const names = (audit) => audit.name ?? audit.netns ?? 'a namespace';
	const wrong = audits.map((audit) => [names(audit), auditErrors(audit)])
		.filter(([, errors]) => errors.length);
	if (!audits.length)
		return ['not compared with the kernel', ''];
	if (!wrong.length)
		return [`${amountText(audits.length, 'namespace')} ` +
			`${audits.length === 1 ? 'agrees' : 'agree'} with the kernel`, 'good'];
	return [wrong.map(([name, errors]) => `${name}: ${errors.join('; ')}`).join('; '), 'warn'];
}

function recordingText({file, kernel, records, complete, filters}) {
	return `${file}: Linux ${kernel ?? 'unknown'}, ${amountText(records, 'record')}, ` +
		`${complete ? 'complete' : 'not complete'}; filters: ${filters}`;
}

// Of one CPU, between two documents; null where there is but one.
function cpuShare(host, before) {
	const ms = before ? Date.parse(host.to) - Date.parse(before.to) : 0;
	return ms > 0 ? (host.cpu_s - before.cpu_s) / (ms / 1e3) : null;
}

function selfText(host, before) {
	const share = cpuShare(host, before);
	const memory = isKnown(host.resident_bytes) ? `${bytesText(host.resident_bytes)} of memory` : null;
	return [host.version, memory, share === null ? null : `${percent(share, 1)} of a CPU`]
		.filter((text) => text).join(', ');
}

function basisOf({top, host, recordings = []}, before) {
	const [audit, agrees] = auditText(top.audit);
	const items = [
		['evidence', EVIDENCE[top.evidence] ?? top.evidence, top.evidence in EVIDENCE ? 'warn' : 'good'],
		['loss', lossText(top.loss), top.loss.total ? 'warn' : 'good'],
		['audit', audit, agrees],
	];
	if (host)
		items.push(['twtrace', selfText(host, before), '']);
	for (const recording of recordings.slice(0, MOST_RECORDINGS))
		items.push(['recording', recordingText(recording), recording.complete ? '' : 'warn']);
	if (recordings.length > MOST_RECORDINGS)
		items.push(['and', `${countText(recordings.length - MOST_RECORDINGS)} more recordings`, '']);
	return items;
}

function basisItem([name, text, level]) {
	return make('li', {class: level}, make('span', {class: 'what'}, name), ' ', text);
}

// ----------------------------------------------------------------------------- totals

function partsText(parts) {
	return parts.filter(([count]) => count).map(([count, name]) => `${countText(count)} ${name}`)
		.join(', ');
}

function countTiles({totals}) {
	return [
		['Open', figureText(totals.open), partsText([[totals.established, 'ESTAB'],
			[totals.close_wait, 'CLOSE-WAIT'], [totals.fin_wait2 - totals.fin_wait2_orphans, 'FIN-WAIT2'],
			[totals.syn_sent, 'SYN-SENT']]) || 'no connection'],
		['TIME-WAIT', figureText(totals.time_wait), `${figureText(totals.time_wait_entered)} entered` +
			(totals.fin_wait2_orphans ? `; ${countText(totals.fin_wait2_orphans)} in FIN-WAIT2` : '')],
		['Opened/s', rateText(totals.opened_per_s), `${figureText(totals.opened)} opened`],
		['Closed/s', rateText(totals.closed_per_s), `${figureText(totals.closed)} closed, ` +
			`${figureText(totals.closed_first)} by this side first`],
		['Failed', figureText(totals.failed), `${totals.resets ? countText(totals.resets) : 'none'} ended by a RST`,
			totals.failed ? 'warn' : ''],
	];
}

function leakTile(leaks) {
	const of = (level) => leaks.verdicts.filter((verdict) => verdict.level === level).length;
	const [found, suspects, watched] = ['leak', 'suspect', 'watch'].map(of);
	const level = found ? 'bad' : suspects ? 'warn' : 'good';
	return ['Leaks', countText(found), partsText([[suspects, suspects === 1 ? 'suspect' : 'suspects'],
		[watched, 'to watch']]) || (found ? leaks.verdicts[0].service ?? '' : 'nothing leaks'), level,
	'leaks'];
}

const BUDGET_LEVELS = {fine: 'good', nearing: 'warn', half: 'warn', exhausted: 'bad'};

function budgetTile({budgets}) {
	const worst = budgets[0];
	if (!worst)
		return ['Port budget', UNKNOWN, 'no destination', '', 'budgets'];
	return ['Port budget', shareText(worst.used, worst.capacity),
		`to ${endText(worst.remote_addr, worst.remote_port)}: ${worst.level}`,
		BUDGET_LEVELS[worst.level], 'budgets'];
}

function doctorTile({findings}) {
	const of = (severity) => findings.filter((finding) => finding.severity === severity).length;
	const [problems, warnings] = [of('problem'), of('warning')];
	return ['Findings', countText(problems + warnings),
		partsText([[problems, problems === 1 ? 'problem' : 'problems'],
			[warnings, warnings === 1 ? 'warning' : 'warnings']]) || 'nothing to do',
		problems ? 'bad' : warnings ? 'warn' : 'good', 'doctor'];
}

class Head {
	// go(tab): a tile was clicked.
	constructor(go) {
		Object.assign(this, {go, tiles: new Map()});
	}

	show(documents) {
		const {top, leaks, ports, doctor, recordings} = documents;

		setText(part('host'), this.hostName(top, recordings));
		document.title = `${top.host ?? 'unknown host'} – twtrace`;
		setText(part('span'), spanText(top.from, top.to));
		if (documents.host !== this.host)
			[this.hostBefore, this.host] = [this.host, documents.host];
		const basis = basisOf(documents, this.hostBefore);
		const key = JSON.stringify(basis);
		if (key !== this.basis)
			part('basis').replaceChildren(...basis.map(basisItem));
		this.basis = key;
		setChildren(part('tiles'), [...countTiles(top), ...leaks ? [leakTile(leaks)] : [],
			...ports ? [budgetTile(ports)] : [], ...doctor ? [doctorTile(doctor)] : []]
			.map((tile) => this.tile(tile)));
	}

	hostName(top, recordings) {
		const hosts = new Set((recordings ?? []).map(({host}) => host));
		return hosts.size > 1 ? [...hosts].map((host) => host ?? 'unknown').join(', ') :
			top.host ?? 'unknown host';
	}

	tile([name, value, more, level = '', tab = null]) {
		let tile = this.tiles.get(name);
		if (!tile) {
			const parts = ['title', 'value', 'under'].map((kind) => make('span', {class: kind}));
			const box = tab ? button('', () => this.go(tab), {class: 'tile'}) :
				make('div', {class: 'tile'});
			box.append(...parts);
			tile = {el: make('li', null, box), box, parts};
			this.tiles.set(name, tile);
		}
		[name, value, more].forEach((text, i) => setText(tile.parts[i], text));
		setClass(tile.box, `tile ${level}`);
		return tile.el;
	}
}
