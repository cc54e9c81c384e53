// One order: where it stands and how it got there, as it happens.

import { ask, headers, send } from './api.js';
import { empty, h, put, tell, terms } from './dom.js';
import { duration, money, moment, state } from './format.js';
import { live } from './live.js';
import { follow } from './stream.js';
import { timeline } from './timeline.js';

/** Events that come together are read together. */
const TOGETHER = 120;
const FINAL = new Set(['Fulfilled', 'Rejected', 'OutOfStock', 'Declined', 'Cancelled', 'Undeliverable']);

/** Fills the part. */
export function order(root, { id, signal }) {
  const path = `/orders/${encodeURIComponent(id)}`;
  const about = h('div', { class: 'about', 'aria-live': 'polite' });
  const lines = h('div', {}, empty('Looking …'));
  const audit = h('button', { type: 'button', click: () => download(path, id) }, 'Download the audit record');
  put(
    root,
    h('p', { class: 'side' }, h('a', { href: '#/orders' }, 'All orders')),
    about,
    h('section', { 'aria-labelledby': 'timeline' },
      h('div', { class: 'head' }, h('h2', { id: 'timeline' }, 'Timeline'), audit), lines),
  );
  let shown = '';
  let timer = null;

  async function load() {
    timer = null;
    try {
      const order = await ask(path, signal);
      const now = `${order.state} ${order.step}`;
      if (now !== shown) put(about, head(order));
      shown = now;
      put(lines, order.earlier > 0 && h('p', { class: 'side' }, `${order.earlier} older events are not shown.`), timeline(order));
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status === 404) put(lines, empty('There is no order with this id.'));
      else if (problem.kind !== 'down') put(lines, empty(problem.words));
    }
  }

  const soon = () => (timer ??= setTimeout(load, TOGETHER));
  const stop = follow(`${path}/events`, {
    event: soon,
    trouble: (problem) => problem.status === 404 && put(lines, empty('There is no order with this id.')),
  });
  signal.addEventListener('abort', () => (stop(), clearTimeout(timer)));
  // What comes after the final state is on no stream of its own.
  live.addEventListener('order', ({ detail }) => detail.order_id === id && soon(), { signal });
  const later = setInterval(() => FINAL.has(shown.split(' ')[0]) && !document.hidden && soon(), 5000);
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
