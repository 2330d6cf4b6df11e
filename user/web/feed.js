// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where documents come from: a server that is asked for what is shown and no more, or the
 * page itself, where it is a file.
 */
'use strict';

const ROUND_MS = 2000;
const SLOWEST_MS = 15000;	// between two attempts when nobody answers
const LEISURE = 4;		// so much longer than a round took nobody is asked again
const ANSWER_MS = 10000;
const ABSENT_MS = 60000;	// what a server does not have it may have later
const TOKEN = 'twtrace-token';

function savedToken() {
	try {
		return sessionStorage.getItem(TOKEN);
	} catch {
		return null;	// where nothing may be kept
	}
}

function authorization() {
	const token = savedToken();
	return token ? {Authorization: `Bearer ${token}`} : {};
}

// The documents within the page; null: there are none, so it is served.
function ownDocuments() {
	const own = document.getElementById('documents');
	return own && JSON.parse(own.textContent);
}

class Feed {
	/*
	 * told(documents): some have come, by their names. says(kind, text): how it goes; kind is
	 * 'live', 'away', 'token'.
	 */
	constructor(told, says) {
		Object.assign(this, {told, says, wanted: new Map(), asked: new Map(), failures: 0,
			took: 0, timer: null, asking: false});
		document.addEventListener('visibilitychange', () => this.wake());
	}

	// How often, in ms, each of these is asked for from now on. What is new is asked for at once.
	want(periods) {
		this.wanted = new Map(Object.entries(periods));
		this.wake();
	}

	takeToken(token) {
		if (!/^[\x20-\x7e]+$/.test(token)) {	// a header holds no other
			this.says('token', 'A token is made of letters, digits and signs of ASCII.');
			return;
		}
		try {
			sessionStorage.setItem(TOKEN, token);
		} catch {
			this.says('token', 'This browser keeps nothing for this page, not even for now.');
			return;
		}
		this.asked.clear();
		this.locked = false;
		this.wake();
	}

	wake() {
		clearTimeout(this.timer);
		if (this.asking || this.locked || document.hidden)
			return;
		this.asking = true;
		const begin = performance.now();
		this.round().finally(() => {
			this.asking = false;
			this.took = performance.now() - begin;
			clearTimeout(this.timer);
			this.timer = setTimeout(() => this.wake(), this.pause());
		});
	}

	pause() {
		return Math.min(SLOWEST_MS, Math.max(LEISURE * this.took,
			ROUND_MS * 2 ** Math.max(0, this.failures - 1)));
	}

	due() {
		const now = performance.now() + ROUND_MS / 4;
		return [...this.wanted].filter(([name, period]) =>
			now >= (this.asked.get(name) ?? -Infinity) + period).map(([name]) => name);
	}

	async round() {
		const documents = {};
		try {
			await Promise.all(this.due().map(async (name) => {
				documents[name] = await this.ask(name);
			}));
		} catch (error) {
			this.fail(error);
			return;
		}
		this.failures = 0;
		if (Object.keys(documents).length) {
			this.says('live', '');
			this.told(documents);
		}
	}

	async ask(name) {
		const answer = await fetch(`api/v1/${name}`, {headers: authorization(), cache: 'no-store',
			signal: AbortSignal.timeout(ANSWER_MS)});
		const absent = answer.status === 404;
		if (!answer.ok && !absent)
			throw answer;
		const document = absent ? null : await answer.json();
		this.asked.set(name, performance.now() + (absent ? ABSENT_MS : 0));
		return document;
	}

	fail(error) {
		this.failures++;
		if (error.status === 401) {
			this.locked = true;
			this.says('token', savedToken() ? 'The server does not take this token.' : '');
		} else if (error.status) {
			this.says('away', `The server answers ${error.status} ${error.statusText}`.trim());
		} else {
			this.says('away', 'The server does not answer');
		}
	}
}
