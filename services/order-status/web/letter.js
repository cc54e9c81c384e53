// One dead letter, with its headers and its value by its schema.

import { ask } from './api.js';
import { empty, h, put, terms } from './dom.js';
import { moment, orderLink } from './format.js';

/** Most characters of a value that are shown. */
const MOST = 20_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Shows it. */
export async function letter(node, one, signal) {
  node.hidden = false;
  put(node, empty('Looking …'));
  try {
    const path = `/dead-letters/${encodeURIComponent(one.group)}/${encodeURIComponent(one.place)}`;
    put(node, shown(node, await ask(path, signal)));
  } catch (problem) {
    if (signal.aborted) return;
    put(node, empty(problem.words));
  }
  node.querySelector('h2')?.focus();
  node.scrollIntoView({ block: 'nearest' });
}

function shown(node, one) {
  const from = one.from && `${one.from.topic}, partition ${one.from.partition}, offset ${one.from.offset}`;
  return [
    h('div', { class: 'head' },
      h('h2', { tabindex: '-1' }, `${one.record} at ${one.place} of ${one.group}`),
      h('button', { type: 'button', class: 'quiet', click: () => (node.hidden = true) }, 'Close')),
    terms([
      ['Code', h('code', {}, one.code)],
      ['Message', one.message],
      ['Standing', one.parked ? `parked by ${one.parked.by}: ${one.parked.reason}` : one.standing],
      ['Key', UUID.test(one.key ?? '') ? orderLink(one.key) : one.key],
      ['From', from],
      ['Attempts', `${one.attempts} besides the first, returned ${one.returns} times`],
      ['First failed', one.first_failed_at && moment(one.first_failed_at)],
      ['Last failed', one.last_failed_at && moment(one.last_failed_at)],
      ['Schema', one.schema && `${one.schema.name}, id ${one.schema.id}`],
      ['Trace', one.trace_id && h('code', {}, one.trace_id)],
    ], 'lines'),
    h('h3', {}, 'Value'),
    one.undecodable ? h('p', {}, `It cannot be read: ${one.undecodable}`) : h('pre', { tabindex: '0' }, cut(one.value)),
    h('details', {}, h('summary', {}, 'Headers'), h('pre', { tabindex: '0' }, cut(one.headers))),
  ];
}

function cut(value) {
  const text = JSON.stringify(value, null, 2) ?? '';
  return text.length > MOST ? `${text.slice(0, MOST)}\n… (${text.length} characters)` : text;
}
