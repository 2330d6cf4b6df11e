// SPDX-License-Identifier: GPL-2.0-or-later
/* Verdicts, in the words of leaks_text.c. */
'use strict';

const LEAK_LEVELS = {leak: 'bad', suspect: 'warn', watch: 'note'};
const LEAK_THINGS = {
	close_wait: 'sockets in CLOSE-WAIT',
	established_growth: 'open connections, ever more',
	fin_wait2_held: 'sockets held in FIN-WAIT2',
	fin_wait2_orphan: 'orphans in FIN-WAIT2',
	closed_held: 'ended connections whose descriptors are open',
	syn_sent: 'connects without an answer',
	accept_queue: 'connections wait for accept()',
	time_wait_churn: 'short-lived connections',
};
const DEEDS = {connect: 'connected', accept: 'accepted', close: 'closed'};
const TREND_S = 30;

function leakPlace(verdict) {
	const remote = verdict.remote_addr === null ? amountText(verdict.remotes, 'host') :
		hostText(verdict.remote_addr, verdict.remote_name);
	if (verdict.kind === 'accept_queue')
		return `on port ${verdict.local_port}`;
	if (verdict.direction === 'outgoing')
		return `to ${remote}, port ${verdict.remote_port}`;
	return `on port ${verdict.local_port}, from ${remote}`;
}

function growthText({evidence, per_minute: perMinute, confidence}) {
	const watched = secondsText(evidence.watched_s);
	if (!(perMinute > 0) && !evidence.grown)
		return `${evidence.watched_s < TREND_S ? 'not seen to grow' : 'they don’t grow'} over ` +
			`${watched}; confidence ${confidence.toFixed(2)}`;
	const stayed = evidence.stayed === evidence.grown ? 'all' : countText(evidence.stayed);
	const more = evidence.grown ? `; of the first ${countText(evidence.grown)} that came ${stayed} ` +
		'are still there' : '';
	return `${perMinute > 0 ? '+' : ''}${rateText(perMinute)} a minute over ${watched}, ` +
		`confidence ${confidence.toFixed(2)}${more}`;
}

function churnText({evidence, per_minute: perMinute}) {
	return `${rateText(perMinute / 60)} a second over ${secondsText(evidence.watched_s)}; half of ` +
		`them live for ${secondsText(evidence.lifetime_s)} at most, ` +
		`${percent(evidence.one_segment_share ?? 0, 1)} send at most one segment of data`;
}

function agesText({age_s: age, age_at_least: bound, since}) {
	if (!isKnown(age?.max))
		return null;
	const least = bound ? 'at least ' : '';
	return `the oldest for ${least}${secondsText(age.max)}, half of them for ${secondsText(age.p50)}; ` +
		`since ${bound ? 'before ' : ''}${clockText(since)}`;
}

function evidenceLines(verdict) {
	const {evidence} = verdict;
	const isChurn = verdict.kind === 'time_wait_churn', isQueue = verdict.kind === 'accept_queue';
	return [
		isChurn ? churnText(verdict) : isQueue ? null : growthText(verdict),
		isKnown(evidence.quiet_share) ?
			`${percent(evidence.quiet_share, 1)} of those that came had no data after their beginning` : null,
		isChurn && isKnown(evidence.time_wait) && evidence.ephemeral_ports ?
			`${countText(evidence.time_wait)} of them are in TIME-WAIT here, of ` +
			`${countText(evidence.ephemeral_ports)} ephemeral ports` : null,
		isQueue ? `full since ${clockText(verdict.since)} or before; the backlog is ` +
			figureText(evidence.backlog) : null,
		agesText(verdict),
		isKnown(evidence.idle_s) ?
			`half of them have had no segment for ${secondsText(evidence.idle_s)}` : null,
	];
}

function holderLine(verdict, holder) {
	const who = `${holder.comm ?? 'a process'} (pid ${holder.pid}` +
		`${holder.script ? `, ${holder.script}` : ''})`;
	if (verdict.kind === 'fin_wait2_orphan' || verdict.kind === 'time_wait_churn')
		return `${who} has closed ${figureText(holder.sockets)} of them`;
	const limit = isKnown(holder.fd_limit) && isKnown(holder.open_fds) ?
		` of ${countText(holder.fd_limit)} (${percent(holder.open_fds, holder.fd_limit)})` : '';
	const all = isKnown(holder.open_fds) ? `; ${countText(holder.open_fds)} descriptors in all${limit}` : '';
	return `${who} has ${figureText(holder.sockets)}${all}`;
}

function otherEndText(other) {
	if (!other)
		return null;
	if (!isKnown(other.service))
		return `the other end is on this host, in ${other.state}; whose it is is not known`;
	return `the other end is on this host: ${other.service}` +
		`${isKnown(other.pid) ? ` (pid ${other.pid})` : ''}, in ${other.state}`;
}

function stackPart(stack) {
	const title = `${figureText(stack.sockets)} of them ${DEEDS[stack.at] ?? 'opened'}` +
		`${stack.thread ? ` by thread ${stack.thread}` : ''}` +
		`${stack.incomplete ? ' (frames are missing)' : ''} at ${stack.frames[0] ?? UNKNOWN}`;
	return make('details', {class: 'stack'}, make('summary', null, title),
		make('pre', null, stack.frames.join('\n')));
}

function leakCard(verdict) {
	const left = isKnown(verdict.exhausted_in_s) ?
		`at this rate the last descriptor is gone in ${secondsText(verdict.exhausted_in_s)}` : null;
	const more = verdict.more_holders ? `and ${amountText(verdict.more_holders, 'more process',
		'more processes')}` : null;
	return card({
		level: LEAK_LEVELS[verdict.level], word: verdict.level,
		title: `${verdict.service ?? 'an unknown service'}: ${countText(verdict.count)} ` +
			`${LEAK_THINGS[verdict.kind] ?? verdict.kind} ${leakPlace(verdict)}`,
		lines: evidenceLines(verdict),
		more: [listOf([...verdict.holders.map((holder) => holderLine(verdict, holder)),
			...[more, left, otherEndText(verdict.other_end)].filter((line) => line)], 'holders'),
		...verdict.stacks.map(stackPart), advice(verdict.advice)],
	});
}
