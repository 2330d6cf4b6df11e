// SPDX-License-Identifier: GPL-2.0-or-later
/* Tabs, as the ARIA practices have them: one stop of the Tab key, arrows between them. */
'use strict';

class Panels {
	// list: {name, title, element} of each; chosen(name): by mouse or by keyboard.
	constructor(root, list, chosen) {
		Object.assign(this, {list, chosen});
		this.tabs = new Map(list.map((item) => [item.name, this.tab(item)]));
		this.bar = make('div', {role: 'tablist', class: 'tabs', 'aria-label': 'Tables',
			keydown: (event) => this.key(event)}, ...this.tabs.values());
		root.append(this.bar, ...list.map((item) => this.panel(item)));
	}

	tab({name, title}) {
		return button(title, () => this.chosen(name), {role: 'tab', id: `tab-${name}`,
			'aria-controls': `panel-${name}`, 'aria-selected': 'false', tabindex: -1,
			'data-title': title});
	}

	panel({name, element: panel}) {
		panel.id = `panel-${name}`;
		panel.setAttribute('role', 'tabpanel');
		panel.setAttribute('aria-labelledby', `tab-${name}`);
		panel.hidden = true;
		return panel;
	}

	// badge: a short figure beside the title; level: how it looks.
	note(name, badge, level = '') {
		const tab = this.tabs.get(name);
		const key = `${badge} ${level}`;
		if (tab.dataset.badge === key)
			return;
		tab.dataset.badge = key;
		tab.replaceChildren(tab.dataset.title,
			...badge ? [' ', make('span', {class: `badge ${level}`}, badge)] : []);
	}

	open(name) {
		for (const item of this.list) {
			const is = item.name === name;
			const tab = this.tabs.get(item.name);
			tab.setAttribute('aria-selected', is);
			tab.tabIndex = is ? 0 : -1;
			item.element.hidden = !is;
			if (is)
				this.bringIntoSight(tab);
		}
	}

	// Within the bar alone: the page stays where it is.
	bringIntoSight(tab) {
		const bar = this.bar.getBoundingClientRect(), at = tab.getBoundingClientRect();
		if (at.left < bar.left || at.right > bar.right)
			this.bar.scrollLeft += (at.left + at.right - bar.left - bar.right) / 2;
	}

	key(event) {
		const names = this.list.map((item) => item.name);
		const at = names.findIndex((name) => this.tabs.get(name) === event.target);
		const to = {
			ArrowLeft: (at + names.length - 1) % names.length, ArrowRight: (at + 1) % names.length,
			Home: 0, End: names.length - 1,
		}[event.key];
		if (at < 0 || to === undefined || event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		this.chosen(names[to]);
		this.tabs.get(names[to]).focus();
	}
}
