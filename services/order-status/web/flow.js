// The flow as it is now: its map, its numbers, and the orders as they change.

import { ask } from './api.js';
import { empty, h, put, say, terms } from './dom.js';
import { NONE, count, duration, rate } from './format.js';
import { live } from './live.js';
import { flowMap } from './map.js';
import { orderRows } from './rows.js';

const SHOWN = 20;
/** Changes are painted together. */
const FRAME = 200;
/** After what could not be shown the list is asked for again. */
const AGAIN = 2000;

/** Fills the part. */
export function flow(root, { signal }) {
  const map = flowMap();
  const sums = totals();
  const feed = orderRows('Orders, the newest first', SHOWN);
  const note = h('p', { class: 'side' });
  const none = empty('No order yet.');
  const absent = h('p', { class: 'side', hidden: true }, 'Rates, latencies and lag are not available from this server.');
  put(
    root,
    sums.node,
    absent,
    h('section', { 'aria-labelledby': 'map' }, h('h2', { id: 'map' }, 'From intake to shipping'), map.node),
    h('section', { 'aria-labelledby': 'feed' },
      h('div', { class: 'head' }, h('h2', { id: 'feed' }, 'Newest orders'), note), none, feed.node),
  );

  let waiting = new Map();
  let timer = null;
  let isThere = false;
  const paint = () => {
    timer = null;
    if (!isThere) return; // first what was there before
    const changed = [...waiting.values()];
    waiting = new Map();
    const byTime = (one, other) => new Date(one.placed_at) - new Date(other.placed_at);
    for (const order of changed.sort(byTime)) {
      if (feed.has(order)) feed.change(order);
      else if (isNew(order)) feed.add(order);
    }
    none.hidden = feed.size() > 0;
    feed.node.hidden = feed.size() === 0;
  };
  let newest = 0;
  // One that moves again long after it was placed is no new order.
  const isNew = (order) => {
    const placed = new Date(order.placed_at).getTime();
    if (!(placed >= newest - 2000)) return false;
    newest = Math.max(newest, placed);
    return true;
  };

  const heard = ({ detail }) => {
    waiting.set(detail.order_id, detail);
    map.pass(detail);
    timer ??= setTimeout(paint, FRAME);
  };
  const numbers = () => {
    absent.hidden = live.hasFlow;
    sums.show(live.flow);
    map.show(live.flow, live.history);
  };
  live.addEventListener('order', heard, { signal });
  live.addEventListener('flow', numbers, { signal });
  let again = null;
  live.addEventListener('skipped', ({ detail }) => {
    say(note, `${count(detail.skipped)} changes at once were too many to show`);
    again ??= setTimeout(load, AGAIN);
  }, { signal });
  signal.addEventListener('abort', () => [timer, again].forEach(clearTimeout));
  numbers();
  load();
  return 'Flow';

  function load() {
    again = null;
    return ask(`/orders?limit=${SHOWN}`, signal)
      .then(({ orders }) => {
        feed.set(orders);
        newest = Math.max(0, ...orders.map((order) => new Date(order.placed_at).getTime()));
        say(note, '');
      })
      .catch((problem) => signal.aborted || say(none, problem.words ?? String(problem)))
      .finally(() => ((isThere = true), paint()));
  }
}

/** The few numbers that say whether all is well. */
function totals() {
  const link = (href) => h('a', { href }, NONE);
  const shown = {
    accepted: h('span', {}, NONE),
    progress: link('#/orders?state=InProgress'),
    held: link('#/reviews'),
    parked: link('#/orders?state=Parked'),
    letters: link('#/dead-letters'),
    p50: h('span', {}, NONE),
    p95: h('span', {}, NONE),
  };
  const node = h('div', { class: 'totals' }, terms([
    ['Accepted', [shown.accepted, h('small', {}, ' /s')]],
    ['In progress', shown.progress],
    ['Held for review', shown.held],
    ['Parked', shown.parked],
    ['Dead letters', shown.letters],
    ['End to end p50', shown.p50],
    ['End to end p95', shown.p95],
  ], 'numbers'));
  const show = (numbers) => {
    const { orders = {}, end_to_end: whole = {}, hops } = numbers ?? {};
    say(shown.accepted, rate(orders.accepted_per_s));
    say(shown.progress, count(orders.in_progress));
    say(shown.held, count(orders.held));
    say(shown.parked, count(orders.parked));
    say(shown.letters, count(hops?.reduce((sum, hop) => sum + (hop.dead_letters ?? 0), 0)));
    say(shown.p50, duration(whole.p50_ms));
    say(shown.p95, duration(whole.p95_ms));
  };
  return { node, show };
}
