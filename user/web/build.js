// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements. What is told by a host is text in them, whatever it looks like. */
'use strict';

/*
 * attributes: as in HTML; null and false: not there; true: there; a function: who is told of
 * the event of that name.
 */
function make(tag, attributes, ...children) {
	const el = document.createElement(tag);
	for (const [key, value] of Object.entries(attributes ?? {})) {
		if (typeof value === 'function')
			el.addEventListener(key, value);
		else if (value !== null && value !== undefined && value !== false)
			el.setAttribute(key, value === true ? '' : value);
	}
	el.append(...children.filter((child) => child !== null && child !== undefined));
	return el;
}

// What has not changed is left alone: a selection in it stays.
function setText(el, text) {
	if (el.textContent !== text)
		el.textContent = text;
}

function setClass(el, name) {
	if (el.className !== name)
		el.className = name;
}

// Makes the children of an element those of a list, each found again by its key.
function setChildren(el, children) {
	let at = el.firstChild;
	for (const child of children) {
		if (child === at)
			at = at.nextSibling;
		else
			el.insertBefore(child, at);
	}
	while (at) {
		const next = at.nextSibling;
		at.remove();
		at = next;
	}
}

function button(text, pressed, attributes) {
	return make('button', {type: 'button', click: pressed, ...attributes}, text);
}

// A box that scrolls by itself, so that the page never does sideways; by keyboard as well.
function scrollBox(label, ...children) {
	return make('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': label},
		...children);
}
