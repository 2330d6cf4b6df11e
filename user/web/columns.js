// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of every table: what they are called, where their figures are, what they mean. */
'use strict';

const COUNT_COLUMNS = [
	{key: 'open', title: 'Open', kind: 'count', hint: 'Full sockets that are not closed yet'},
	{key: 'established', title: 'Estab', kind: 'count', hint: 'Of them in ESTABLISHED'},
	{key: 'close_wait', title: 'Close-wait', kind: 'count',
		hint: 'The peer has closed and this side has not'},
	{key: 'fin_wait2', title: 'Fin-wait2', kind: 'count',
		hint: 'This side has closed and the peer has not; small sockets included'},
	{key: 'time_wait', title: 'Time-wait', kind: 'count',
		hint: 'Small sockets in TIME_WAIT: no process holds them'},
	{key: 'opened_per_s', title: 'Opened/s', kind: 'rate'},
	{key: 'closed_per_s', title: 'Closed/s', kind: 'rate'},
	{key: 'opened', title: 'Opened', kind: 'count',
		hint: 'Connections that reached ESTABLISHED while traced'},
	{key: 'closed', title: 'Closed', kind: 'count', hint: 'Of all connections, those that have ended'},
	{key: 'closed_first', title: 'Closed first', kind: 'count',
		hint: 'This side sent its FIN without having seen the other’s'},
	{key: 'failed', title: 'Failed', kind: 'count', hint: 'Connects that never came about'},
	{key: 'resets', title: 'Resets', kind: 'count', hint: 'Ended by a RST, sent or received'},
	{key: 'lifetime_p50', title: 'Life p50', kind: 'ms', value: (row) => row.lifetime_ms?.p50,
		hint: 'Half of the connections lived so long at most'},
	{key: 'lifetime_p99', title: 'Life p99', kind: 'ms', value: (row) => row.lifetime_ms?.p99},
	{key: 'time_wait_entered', title: 'TW entered', kind: 'count',
		hint: 'Small sockets born while traced, in TIME_WAIT or FIN_WAIT2'},
	{key: 'time_wait_expired', title: 'TW expired', kind: 'count', hint: 'Ended by time'},
	{key: 'time_wait_reused', title: 'TW reused', kind: 'count',
		hint: 'A connect of this host took over their ports'},
	{key: 'time_wait_reopened', title: 'TW reopened', kind: 'count', hint: 'A SYN of the peer did'},
	{key: 'time_wait_refused', title: 'TW refused', kind: 'count',
		hint: 'Births that did not come about: tcp_max_tw_buckets was reached'},
	{key: 'time_wait_held_s', title: 'TW held', kind: 'seconds',
		hint: 'How long small sockets have held their ports, all added up'},
];

const SERVICE = {key: 'service', title: 'Service', kind: 'text'};
const PORT = {key: 'port', title: 'Port', kind: 'port',
	hint: 'Server: the local port; client: the remote one'};
const ROLE = {key: 'role', title: 'Role', kind: 'text'};
const REMOTE = {key: 'remote_addr', title: 'Remote', kind: 'text',
	value: (row) => hostText(row.remote_addr, row.remote_name)};

// A row's key columns: the row named "other" holds what a bound on memory folded together.
function keyOf(row, keys) {
	return keys.map(({key}) => row[key]).join(' ');
}

function countTable(name, title, noun, keys) {
	return {name, title, noun, keys, columns: [...keys, ...COUNT_COLUMNS], sort: '-opened',
		needs: 'top', rows: (top) => top[name], id: (row) => keyOf(row, keys)};
}

function stateOf(row) {
	return stateText(row.state);
}

const SOCKET_COLUMNS = [
	{key: 'state', title: 'State', kind: 'text', value: stateOf},
	{key: 'age_ms', title: 'Age', kind: 'ms', hint: 'In this state; > where it is longer at least',
		cell: (cell, row) => {
			setText(cell, (row.age_at_least ? '>' : '') + msText(row.age_ms));
			setClass(cell, 'number');
		}},
	{key: 'expires_ms', title: 'Left', kind: 'ms', hint: 'Until the small socket goes away'},
	{key: 'local', title: 'Local', kind: 'text',
		value: (row) => endText(row.local_addr, row.local_port)},
	{key: 'remote', title: 'Remote', kind: 'text',
		value: (row) => endText(row.remote_name ?? row.remote_addr, row.remote_port)},
	{key: 'direction', title: 'Direction', kind: 'text'},
	SERVICE,
	{key: 'process', title: 'Process', kind: 'text', value: (row) => processText(row.comm, row.pid)},
];

function holderText({holder}) {
	if (!holder)
		return UNKNOWN;
	const state = holder.state ? ` in ${stateText(holder.state)}` : '';
	const who = holder.comm || isKnown(holder.pid) ? ` (${processText(holder.comm, holder.pid)})` : '';
	const left = isKnown(holder.left_ms) ? `, for ${msText(holder.left_ms)} more` : '';
	return `${holder.kind.replaceAll('_', ' ')}${state}${who}${left}`;
}

const FAILURE_COLUMNS = [
	{key: 'kind', title: 'Call', kind: 'text'},
	{key: 'count', title: 'Failed', kind: 'count'},
	{key: 'error', title: 'Error', kind: 'text'},
	SERVICE,
	{key: 'process', title: 'Process', kind: 'text', value: (row) => processText(row.comm, row.pid)},
	{key: 'local', title: 'Local', kind: 'text',
		value: (row) => endText(row.local_addr, row.local_port)},
	{key: 'remote', title: 'Remote', kind: 'text',
		value: (row) => endText(row.remote_name ?? row.remote_addr, row.remote_port)},
	{key: 'last', title: 'Last', kind: 'time', hint: 'UTC'},
	{key: 'holder', title: 'Held by', kind: 'text', value: holderText},
	{key: 'advice', title: 'What helps', kind: 'text', cell: (cell, row) => {
		setText(cell, row.advice ?? UNKNOWN);
		setClass(cell, 'prose');
	}},
];

const TABLES = [
	countTable('services', 'Services', ['service'], [SERVICE]),
	countTable('ports', 'Ports', ['port'], [PORT, ROLE]),
	countTable('remotes', 'Remotes', ['remote host'], [REMOTE]),
	countTable('pairs', 'Pairs', ['pair'], [SERVICE, PORT, ROLE, REMOTE]),
	{name: 'connections', title: 'Connections', noun: ['connection'], best: 'oldest',
		columns: SOCKET_COLUMNS, sort: '-age_ms', needs: 'list', rows: (list) => list.sockets,
		id: (row) => `${row.netns} ${row.cookie} ${row.local_port} ${row.remote_port}`},
	{name: 'failures', title: 'Failures', noun: ['kind of failure', 'kinds of failures'],
		columns: FAILURE_COLUMNS, sort: '-count', needs: 'ports', rows: (ports) => ports.failures,
		id: (row) => FAILURE_COLUMNS.filter(({key}) => key !== 'count' && key !== 'last')
			.map((column) => column.value ? column.value(row) : row[column.key]).join(' ')},
];
