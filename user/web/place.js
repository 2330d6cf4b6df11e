// SPDX-License-Identifier: GPL-2.0-or-later
/* What is shown and how, in the address: it can be kept, sent, and gone back to. */
'use strict';

const FIRST_TAB = 'services';

class Place {
	// moved(): the address is another one.
	constructor(moved) {
		this.states = new Map();	// of tabs that were open before
		this.read();
		addEventListener('hashchange', () => {
			this.read();
			moved();
		});
	}

	read() {
		const {tab, ...state} = readFragment();
		this.tab = tab ?? FIRST_TAB;
		this.states.set(this.tab, state);
	}

	state(tab) {
		return this.states.get(tab) ?? {};
	}

	keep(tab, state) {
		this.states.set(tab, state);
		if (tab === this.tab)
			this.write();
	}

	go(tab, state = this.state(tab)) {
		this.tab = tab;
		this.states.set(tab, state);
		this.write();
	}

	write() {
		writeFragment({tab: this.tab, ...this.state(this.tab)});
	}
}
