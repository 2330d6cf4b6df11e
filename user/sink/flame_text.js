// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures for people, as flame_words.c and base/text.c write them. */
'use strict';

function countText(value) {
	return Math.round(value).toLocaleString('en-US');
}

// Three figures and a unit, of less than a minute.
function shortText(us) {
	for (const [unit, name] of [[1, 'us'], [1e3, 'ms'], [1e6, 's']])
		for (const decimals of [2, 1, 0])
			if (Math.round(us / unit * 10 ** decimals) < 1000)
				return (us / unit).toFixed(decimals) + name;
	return '';
}

function durationText(us) {
	const two = (value) => String(value).padStart(2, '0');
	const seconds = Math.round(us / 1e6);
	const minutes = Math.round(us / 60e6);
	const hours = Math.round(us / 3600e6);
	if (!us)
		return '0s';
	if (us < 59.95e6)
		return shortText(us);
	if (seconds < 3600)
		return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
	if (minutes < 24 * 60)
		return `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
	return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}

function valueText(weight, value) {
	return weight.time ? durationText(value) : countText(value);
}

// "+1,234", "-1,234"
function differenceText(weight, now, base) {
	const sign = now > base ? '+' : now < base ? '-' : '';
	return sign + valueText(weight, Math.abs(now - base));
}

function aloneText(weight, value, all, parent) {
	const text = valueText(weight, value);
	if (parent === null)
		return text;
	return `${text} (${percent(value, all)} of all, ${percent(value, parent)} of its parent)`;
}

// Without shares where there are no sums to relate to: it is the root.
function comparedText(weight, now, base, all) {
	const share = (value, whole) => all ? ` (${percent(value, whole)} of all)` : '';
	let change = `difference ${differenceText(weight, now, base)}`;
	if (base && now !== base)
		change += ` (${now > base ? '+' : '-'}${percent(Math.abs(now - base), base)})`;
	else if (now && !base)
		change += ' (new)';
	return `now ${valueText(weight, now)}${share(now, all?.now)}, ` +
		`base ${valueText(weight, base)}${share(base, all?.base)}, ${change}`;
}

function capital(text) {
	return text[0].toUpperCase() + text.slice(1);
}
