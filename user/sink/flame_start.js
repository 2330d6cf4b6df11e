// SPDX-License-Identifier: GPL-2.0-or-later
/* The page of `flame` alone: its data stand within it, and all of it is shown. */
'use strict';

function start() {
	const data = JSON.parse(part('data').textContent);
	part('page').hidden = false;
	if (!data) {
		part('nothing').hidden = false;
		part('nothing').textContent = 'There was no memory to draw this.';
		return;
	}
	const page = new FlamePage(data);
	page.apply(readFragment());
	page.view.tell(null);
}

start();
