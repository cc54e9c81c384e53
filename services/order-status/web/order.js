// One order: where it stands and how it got there, as it happens.

import { ask, headers, send } from './api.js';
import { empty, h, isNew, put, tell, terms } from './dom.js';
import { duration, money, moment, state } from './format.js';
import { live } from './live.js';
import { follow } from './stream.js';
import { timeline } from './timeline.js';

/** Events that come together are read together. */
const TOGETHER = 120;
const MISSING = 'There is no order with this id.';
const FINAL = new Set(['Fulfilled', 'Rejected', 'OutOfStock', 'Declined', 'Cancelled', 'Undeliverable']);

/** Fills the part. */
export function order(root, { id, signal }) {
  const path = `/orders/${encodeURIComponent(id)}`;
  const about = h('div', { class: 'about', 'aria-live': 'polite' });
  const lines = timeline();
  const note = h('div', { 'aria-live': 'polite' }, empty('Looking …'));
  const audit = h('button', { type: 'button', click: () => download(path, id) }, 'Download the audit record');
  put(
    root,
    h('p', { class: 'side' }, h('a', { href: '#/orders' }, 'All orders')),
    about,
    h('section', { 'aria-labelledby': 'timeline' },
      h('div', { class: 'head' }, h('h2', { id: 'timeline' }, 'Timeline'), audit), note, lines.node),
  );
  let last = 0;
  let isOver = false;
  let timer = null;

  async function load() {
    timer = null;
    const mine = (last += 1);
    try {
      const order = await ask(path, signal);
      if (mine !== last) return; // a later question was answered sooner
      isOver = FINAL.has(order.state);
      if (isNew(about, [order.state, order.step, order.timeline.at(-1)])) put(about, head(order));
      put(note, order.earlier > 0 && h('p', { class: 'side' }, `${order.earlier} older events are not shown.`));
      lines.show(order);
    } catch (problem) {
      if (signal.aborted || problem.kind === 'down') return;
      put(note, empty(problem.status === 404 ? MISSING : problem.words));
    }
  }

  const soon = () => (timer ??= setTimeout(load, TOGETHER));
  const stop = follow(`${path}/events`, {
    event: soon,
    trouble: (problem) => problem.status === 404 && put(note, empty(MISSING)),
  });
  signal.addEventListener('abort', () => (stop(), clearTimeout(timer)));
  // What comes after the final state is on no stream of its own.
  live.addEventListener('order', ({ detail }) => detail.order_id === id && soon(), { signal });
  const later = setInterval(() => isOver && !document.hidden && soon(), 5000);
  signal.addEventListener('abort', () => clearInterval(later));
  load();
  return `Order ${id}`;
}

function head(order) {
  const last = order.timeline.at(-1);
  const total = last?.ms_total ?? (last && new Date(last.at) - new Date(order.placed_at));
  return h('div', {}, state(order.state, order.step), terms([
    ['Total', money(order.total, order.currency)],
    ['Customer', order.customer_id && h('a', { href: `#/orders?customer=${encodeURIComponent(order.customer_id)}` }, order.customer_id)],
    ['Placed', moment(order.placed_at)],
    ['So far', total >= 0 ? duration(total) : null],
    ['Personal data', order.erased ? 'erased' : null],
  ], 'numbers'));
}

async function download(path, id) {
  try {
    const response = await send(`${path}/audit`, { headers: headers({ accept: 'application/json' }) });
    const url = URL.createObjectURL(await response.blob());
    h('a', { href: url, download: `order-${id}-audit.json` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    tell('The audit record is being saved.');
  } catch (problem) {
    const words = problem.kind === 'absent' ? 'Audit records are not available from this server.' : `No audit record: ${problem.words}`;
    tell(words, 'wrong');
  }
}
