// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures for people, beside those of flame_text.js. What is not known is a dash, never 0. */
'use strict';

const UNKNOWN = '–';

function isKnown(value) {
	return value !== null && value !== undefined;
}

function figureText(value) {
	return isKnown(value) ? countText(value) : UNKNOWN;
}

function rateText(value) {
	if (!isKnown(value))
		return UNKNOWN;
	return value.toLocaleString('en-US', {minimumFractionDigits: 1, maximumFractionDigits: 1});
}

function msText(value) {
	return isKnown(value) ? durationText(value * 1e3) : UNKNOWN;
}

function secondsText(value) {
	return isKnown(value) ? durationText(value * 1e6) : UNKNOWN;
}

function shareText(part, whole) {
	return isKnown(part) && whole ? percent(part, whole) : UNKNOWN;
}

function bytesText(value) {
	if (!isKnown(value))
		return UNKNOWN;
	for (const [unit, name] of [[1 << 30, 'GiB'], [1 << 20, 'MiB'], [1 << 10, 'KiB']])
		if (value >= unit)
			return `${(value / unit).toFixed(value / unit < 10 ? 1 : 0)} ${name}`;
	return `${value} B`;
}

// "3 leaks", "1 leak"
function amountText(count, one, more = `${one}s`) {
	return `${countText(count)} ${count === 1 ? one : more}`;
}

// All times are UTC, as in every other output.
function clockText(time) {
	return isKnown(time) ? time.slice(11, 19) : UNKNOWN;
}

function dateText(time) {
	return isKnown(time) ? `${time.slice(0, 10)} ${time.slice(11, 19)} UTC` : UNKNOWN;
}

function hostText(addr, name) {
	return name ?? addr ?? UNKNOWN;
}

function endText(addr, port) {
	if (!isKnown(addr) && !isKnown(port))
		return UNKNOWN;
	const host = addr ?? '*';
	return `${host.includes(':') ? `[${host}]` : host}:${port ?? '*'}`;
}

function processText(comm, pid) {
	if (!isKnown(pid))
		return comm ?? UNKNOWN;
	return `${comm ?? '?'}[${pid}]`;
}

// States as the tables of the terminal have them.
function stateText(state) {
	return state.replace('_', '-');
}
