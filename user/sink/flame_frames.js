// SPDX-License-Identifier: GPL-2.0-or-later
/* Which frames are shown, and in which order: by mouse, or by keyboard. */
'use strict';

class FrameChoice {
	// list: an <ol>; names: of all kinds; shown: so many of them at first.
	constructor(list, names, shown, changed) {
		Object.assign(this, {list, names, changed});
		this.items = names.map((name, kind) => ({kind, on: kind < shown}));
		this.draw();
	}

	// Kinds, outermost first.
	by() {
		return this.items.filter((item) => item.on).map((item) => item.kind);
	}

	text() {
		return this.by().map((kind) => this.names[kind]).join(',');
	}

	// The opposite of text(); what has no such name is left out.
	set(text) {
		const kinds = text.split(',').map((name) => this.names.indexOf(name))
			.filter((kind, i, all) => kind >= 0 && all.indexOf(kind) === i);
		const rest = this.names.map((_, kind) => kind).filter((kind) => !kinds.includes(kind));
		this.items = [...kinds.map((kind) => ({kind, on: true})),
			...rest.map((kind) => ({kind, on: false}))];
		this.draw();
	}

	move(from, to) {
		if (to < 0 || to >= this.items.length || from === to)
			return;
		this.items.splice(to, 0, ...this.items.splice(from, 1));
		this.draw();
		this.changed();
	}

	draw() {
		this.list.replaceChildren(...this.items.map((item, i) => this.item(item, i)));
	}

	item(item, index) {
		const el = document.createElement('li');
		const label = document.createElement('label');
		const box = document.createElement('input');
		const name = this.names[item.kind].replaceAll('_', ' ');

		box.type = 'checkbox';
		box.checked = item.on;
		box.addEventListener('change', () => {
			item.on = box.checked;
			this.changed();
		});
		label.append(box, ` ${name}`);
		el.dataset.name = this.names[item.kind];
		el.append(this.button('‹', `Move ${name} outwards`, index, -1), label,
			this.button('›', `Move ${name} inwards`, index, 1));
		this.allowDragging(el, index);
		return el;
	}

	button(text, title, index, step) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = text;
		button.title = title;
		button.setAttribute('aria-label', title);
		button.disabled = !this.items[index + step];
		button.addEventListener('click', () => {
			this.move(index, index + step);
			const {children} = this.list.children[index + step];
			const same = children[step < 0 ? 0 : 2];
			(same.disabled ? children[step < 0 ? 2 : 0] : same).focus();
		});
		return button;
	}

	allowDragging(el, index) {
		el.draggable = true;
		el.addEventListener('dragstart', (event) => {
			this.dragged = index;
			event.dataTransfer.effectAllowed = 'move';
			event.dataTransfer.setData('text/plain', el.dataset.name);
		});
		el.addEventListener('dragover', (event) => {
			if (this.dragged !== undefined)
				event.preventDefault();
		});
		el.addEventListener('drop', (event) => {
			event.preventDefault();
			if (this.dragged !== undefined)
				this.move(this.dragged, index);
		});
		el.addEventListener('dragend', () => { this.dragged = undefined; });
	}
}
