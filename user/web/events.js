// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens, as it happens: the server's stream of events. It is read by fetch() and not by
 * an EventSource, which cannot send a token.
 */
'use strict';

const MOST_EVENTS = 500;
const DRAW_MS = 250;	// however many come
const RETRY_MS = 3000;
const EVENT_KINDS = [
	['', 'all events'],
	['transition', 'changes of state'],
	['time_wait_enter,time_wait_exit,time_wait_substate,time_wait_refused', 'TIME_WAIT'],
	['connect_failed,bind_failed', 'failures'],
];

const EVENT_WORDS = {
	transition: (event) => [`${event.from} → ${event.to}`, [
		isKnown(event.in_state_us) ? event.in_state_us ? durationText(event.in_state_us) : 'at once' : null,
		event.error, event.reset ? `RST ${event.reset}` : null]],
	time_wait_enter: (event) => [`${event.substate} enter (${event.evidence})`, []],
	time_wait_exit: (event) => [`${event.substate} exit (${event.evidence})`, [
		event.reason, isKnown(event.residence_ms) ? `after ${msText(event.residence_ms)}` : null]],
	time_wait_substate: (event) => [`${event.from} → ${event.to} (small socket)`, []],
	time_wait_refused: () => ['TIME_WAIT refused', ['tcp_max_tw_buckets was reached']],
	connect_failed: (event) => [`connect failed: ${event.error ?? UNKNOWN}`, [heldText(event)]],
	bind_failed: (event) => [`bind failed: ${event.error ?? UNKNOWN}`, [heldText(event)]],
	listen_failed: (event) => [`listen failed: ${event.error ?? UNKNOWN}`, [heldText(event)]],
	loss: (event) => ['events were lost', [`${figureText(event.count)} ${event.cause ?? ''}`]],
};

function heldText(event) {
	return event.holder ? `held by ${holderText(event)}` : null;
}

function eventCells(event) {
	const [what, details] = EVENT_WORDS[event.kind]?.(event) ?? [event.kind, []];
	return [isKnown(event.time) ? event.time.slice(11, 23) : UNKNOWN, what,
		processText(event.comm, event.pid), endText(event.local_addr, event.local_port),
		{outgoing: '→', incoming: '←'}[event.direction] ?? '',
		endText(event.remote_addr, event.remote_port), details.filter((text) => text).join(', ')];
}

// The objects of a stream of server-sent events, one after the other.
async function* readEvents(answer) {
	const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
	let text = '';
	for (;;) {
		const {value, done} = await reader.read();
		if (done)
			return;
		const blocks = (text + value).replaceAll('\r', '').split('\n\n');
		text = blocks.pop();
		for (const block of blocks) {
			const data = block.split('\n').filter((line) => line.startsWith('data:'))
				.map((line) => line.slice(5)).join('\n');
			if (data)
				yield JSON.parse(data);
		}
	}
}

class Events {
	constructor() {
		Object.assign(this, {waiting: [], missed: 0, paused: false, wanted: false});
		this.kinds = make('select', {'aria-label': 'Which events', change: () => this.restart()},
			...EVENT_KINDS.map(([value, title]) => new Option(title, value)));
		this.input = make('input', {type: 'search', class: 'filter', placeholder: 'Filter (/)',
			'aria-label': 'Filter events: words that all must be there', input: () => this.filter()});
		this.pauseButton = button('Pause', () => this.pause(), {'aria-pressed': 'false'});
		this.said = make('output', {class: 'count'});
		this.body = make('tbody');
		const heads = ['Time (UTC)', 'Event', 'Owner', 'Local', '', 'Remote', 'Detail'];
		this.element = make('div', {class: 'table'},
			make('div', {class: 'bar'}, this.kinds, this.input, this.pauseButton, this.said),
			scrollBox('Events', make('table', {class: 'events'}, make('thead', null,
				make('tr', null, ...heads.map((title) => make('th', {scope: 'col'}, title)))),
			this.body)));
		document.addEventListener('visibilitychange', () => this.follow());
	}

	apply({filter = ''}) {
		this.input.value = filter;
	}

	// Nothing is streamed to where nobody looks.
	open(wanted) {
		this.wanted = wanted;
		this.follow();
	}

	follow() {
		const wanted = this.wanted && !document.hidden;
		if (wanted === Boolean(this.abort))
			return;
		if (wanted) {
			this.stream();
		} else {
			this.abort.abort();
			this.abort = null;
		}
	}

	restart() {
		this.abort?.abort();
		this.abort = null;
		this.waiting = [];
		this.body.replaceChildren();
		this.follow();
	}

	async stream() {
		const abort = this.abort = new AbortController();
		const query = this.kinds.value ? `?kind=${encodeURIComponent(this.kinds.value)}` : '';
		while (!abort.signal.aborted) {
			try {
				const answer = await fetch(`events${query}`, {headers: authorization(), cache: 'no-store',
					signal: abort.signal});
				if (!answer.ok)
					throw new Error(`The server answers ${answer.status} ${answer.statusText}`);
				this.say('');
				for await (const event of readEvents(answer))
					this.take(event);
			} catch (error) {
				if (!abort.signal.aborted)
					this.say(error.message.startsWith('The') ? error.message : 'The server does not answer');
			}
			if (!abort.signal.aborted)
				await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
		}
	}

	take(event) {
		if (event.kind === 'summary')
			return;
		this.waiting.push(event);
		if (this.waiting.length > MOST_EVENTS) {
			this.waiting.shift();
			this.missed++;
		}
		this.timer ??= setTimeout(() => {
			this.timer = null;
			this.draw();
		}, DRAW_MS);
	}

	pause() {
		this.paused = !this.paused;
		this.pauseButton.setAttribute('aria-pressed', this.paused);
		setText(this.pauseButton, this.paused ? 'Go on' : 'Pause');
		this.draw();
	}

	draw() {
		if (!this.paused) {
			const lines = this.waiting.reverse().map((event) => this.line(event));
			this.waiting = [];
			this.missed = 0;
			this.body.prepend(...lines);
			while (this.body.children.length > MOST_EVENTS)
				this.body.lastChild.remove();
		}
		this.say(this.paused ? `${countText(this.waiting.length + this.missed)} more came meanwhile` :
			`the last ${countText(this.body.children.length)}`);
	}

	say(text) {
		setText(this.said, text);
	}

	line(event) {
		const cells = eventCells(event);
		const line = make('tr', {class: `event ${event.kind}`},
			...cells.map((text) => make('td', null, text)));
		line.hidden = !this.matches(line);
		return line;
	}

	matches(line) {
		const text = line.textContent.toLowerCase();
		return this.input.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
	}

	filter() {
		for (const line of this.body.children)
			line.hidden = !this.matches(line);
	}
}
