// SPDX-License-Identifier: GPL-2.0-or-later
/* The flame graph as one of the page's tabs: the page of `flame`, with data that are renewed. */
'use strict';

class FlamePanel extends FlamePage {
	// The page has a head of its own, and its keys.
	showHead() {}

	listenToPage() {
		this.input.addEventListener('input', () => this.view.search(this.input.value));
	}

	// Before anybody listens nothing is to be kept: the address comes first.
	keep(state) {
		this.kept?.(state);
	}

	// While somebody looks at a frame it does not go away under the pointer.
	isInUse() {
		return part('frames').matches(':hover, :focus-within');
	}

	renew(data) {
		const weight = this.data.weights[this.weight.value]?.name;
		const by = this.choice.text();
		const sameFrames = String(this.data.frames) === String(data.frames);
		this.data = data;
		this.rows = readRows(data);
		this.weight.replaceChildren();
		this.fillWeights();
		const index = data.weights.findIndex(({name}) => name === weight);
		if (index >= 0)
			this.weight.value = index;
		if (!sameFrames) {
			this.choice = new FrameChoice(part('by'), data.frames, data.shown, () => this.rebuild());
			this.choice.set(by);
		}
		this.rebuild();
	}
}

class Flame {
	constructor(kept) {
		this.kept = kept;
		this.element = make('div', null, part('flame-parts').content.cloneNode(true));
		this.state = {};
	}

	get input() {
		return part('search');
	}

	apply(state) {
		this.state = state;
		this.panel?.apply(state);
	}

	escape() {
		this.input.value = '';
		this.panel?.view.reset();
	}

	show({flame, caveat}) {
		setText(part('caveat'), caveat ?? '');
		if (!flame) {
			part('nothing').hidden = false;
			setText(part('nothing'), 'There was no memory to draw this.');
		} else if (!this.panel) {
			this.panel = new FlamePanel(flame);
			this.panel.apply(this.state);
			this.panel.view.tell(null);
			this.panel.kept = this.kept;
		} else if (!this.panel.isInUse()) {
			this.panel.renew(flame);
		}
	}
}
