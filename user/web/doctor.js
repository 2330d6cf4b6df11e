// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings, each with its evidence, and the well-known advice judged. */
'use strict';

const SEVERITIES = {problem: 'bad', warning: 'warn', note: 'note'};
const VERDICTS = {true: 'good', false: 'bad', dangerous: 'bad', irrelevant: 'note', gone: 'note'};

function proofText({what, value}) {
	const text = typeof value !== 'number' ? value :
		Math.abs(value) >= 1000 ? countText(Math.round(value)) : Number(value.toPrecision(3));
	return `${what}: ${text ?? UNKNOWN}`;
}

function settingText({name, value, was}) {
	return `${name} = ${value ?? UNKNOWN}${isKnown(was) ? ` (was ${was})` : ''}`;
}

function findingCard(finding) {
	return card({
		level: SEVERITIES[finding.severity] ?? 'note', word: finding.severity,
		title: finding.sentence,
		more: [
			listOf([...finding.evidence.map(proofText), ...finding.settings.map(settingText)], 'proofs'),
			finding.namespaces > 1 ? make('p', null, `in ${amountText(finding.namespaces, 'namespace')}`) :
				null,
			advice(finding.todo),
			finding.cost ? make('p', null, make('span', {class: 'what'}, 'What it costs'), ' ',
				finding.cost) : null,
			finding.command ? make('pre', null, finding.command) : null,
		],
	});
}

function adviceCard({setting, tip, verdict, reason}) {
	return card({level: VERDICTS[verdict] ?? 'note', word: verdict, title: `${setting}: ${tip}`,
		lines: [reason]});
}

class Doctor {
	constructor() {
		this.findings = new Cards(findingCard, 'Nothing was found that needs a word.');
		this.advice = new Cards(adviceCard, '');
		this.missing = make('p', {class: 'little'});
		this.summary = make('summary');
		this.rules = make('ul');
		this.unjudged = make('details', {class: 'little'}, this.summary, this.rules);
		this.title = make('h2', null, 'Well-known advice, judged for this host');
		this.element = make('div', null, this.missing, this.findings.element, this.title,
			this.advice.element, this.unjudged);
	}

	show({findings, missing, advice: judged, unjudged}) {
		setText(this.missing, missing ?? '');
		this.missing.hidden = !missing;
		this.findings.show(findings);
		this.title.hidden = !judged?.length;
		this.advice.show(judged ?? []);
		this.showUnjudged(unjudged ?? []);
	}

	showUnjudged(rules) {
		const key = JSON.stringify(rules);
		this.unjudged.hidden = !rules.length;
		if (key === this.key)
			return;
		this.key = key;
		setText(this.summary, `${amountText(rules.length, 'rule')} could not be judged`);
		this.rules.replaceChildren(...rules.map(({rule, reason}) =>
			make('li', null, `${rule}: ${reason}`)));
	}
}
