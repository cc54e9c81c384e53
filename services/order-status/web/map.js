// The map: five services in a line, the topics between them, and where orders leave.

import { h, isNew, put, s, say } from './dom.js';
import { NONE, STATES, count, duration, moment, rate, sign } from './format.js';
import { HISTORY } from './live.js';

/** The way of an order: each service, the topic it reads, and the states it ends orders in. */
const WAY = [
  { service: 'order-intake', reads: null, does: 'takes orders in', ends: [] },
  { service: 'fraud-scoring', reads: 'orders', does: 'judges them', ends: ['Rejected'] },
  { service: 'inventory', reads: 'fraud', does: 'reserves stock', ends: ['OutOfStock'] },
  { service: 'payment', reads: 'inventory', does: 'charges', ends: ['Declined'] },
  { service: 'shipping', reads: 'payments', does: 'makes labels', ends: ['Undeliverable', 'Fulfilled'] },
];
/** Into which service an order at this step has just come. */
const COMES_TO = { accepted: 1, validated: 2, reserved: 3, paid: 4 };
const DOT = 700;

/** A map, to be shown again and again. */
export function flowMap() {
  const stops = WAY.map(stop);
  const cancelled = exit('Cancelled');
  const node = h('div', {}, h('ol', { class: 'map' }, stops.map(({ node }) => node)),
    h('p', { class: 'side cancelled' }, cancelled.node, 'on any part of the way'));
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  return {
    node,
    show(flow, history) {
      const ended = flow?.orders?.ended ?? {};
      for (const one of stops) one.show(flow?.hops?.find((hop) => hop.service === one.service), history, ended);
      cancelled.show(ended);
    },
    /** An order goes by. */
    pass(order) {
      const at = COMES_TO[order.step];
      if (at && !still.matches && !document.hidden) stops[at].pass();
    },
  };
}

/** Where orders leave, and how many have. */
function exit(name) {
  const [words, kind, path, isLine] = STATES[name];
  const number = h('b', {});
  const node = h('a', { class: `exit ${kind}`, href: `#/orders?state=${name}` }, sign(kind, path, isLine), words, ' ', number);
  return { node, show: (ended) => say(number, count(ended[name])) };
}

function stop({ service, reads, does, ends }) {
  const numbers = Object.fromEntries(['per_s', 'p50', 'p95', 'letters', 'instances', 'lag'].map((name) => [name, h('dd', {})]));
  const line = s('polyline', { class: 'trend', points: '' });
  const chart = s('svg', { class: 'chart', viewBox: `0 0 ${HISTORY} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line);
  const faults = h('ul', { class: 'faults' });
  const exits = ends.map(exit);
  const letters = h('a', { href: `#/dead-letters?group=${service}` });
  const dot = h('i', { class: 'dot', 'aria-hidden': 'true' });
  const pair = (term, name) => h('div', {}, h('dt', {}, term), numbers[name]);
  const waits = reads && h('div', { class: 'topic' }, h('dl', {}, h('dt', {}, h('span', { class: 'unseen' }, 'reads '), reads), numbers.lag), dot);
  const head = h('header', {}, h('h3', {}, service), h('p', {}, does));
  const card = h('div', { class: 'stop' }, head,
    h('dl', { class: 'pairs' }, pair('per s', 'per_s'), pair('p50', 'p50'), pair('p95', 'p95')), chart,
    h('dl', { class: 'pairs two' }, pair('dead letters', 'letters'), pair('instances', 'instances')), faults);
  const node = h('li', {}, waits, h('div', { class: 'body' }, card, h('p', { class: 'exits' }, exits.map(({ node }) => node))));

  numbers.letters.append(reads ? letters : NONE);
  let passed = 0;
  return {
    node,
    service,
    show(hop, history, ended) {
      say(numbers.per_s, rate(hop?.per_s));
      say(numbers.p50, duration(hop?.p50_ms));
      say(numbers.p95, duration(hop?.p95_ms));
      say(numbers.instances, count(hop?.instances));
      say(letters, count(hop?.dead_letters));
      if (reads) say(numbers.lag, lag(hop));
      waits?.classList.toggle('late', hop?.lag_age_s > 5);
      const bad = Boolean(hop?.faults?.length || hop?.dead_letters || hop?.instances === 0);
      card.classList.toggle('bad', bad);
      const wrong = (hop?.faults ?? []).slice(0, 4);
      if (isNew(faults, wrong)) put(faults, wrong.map(fault));
      exits.forEach((one) => one.show(ended));
      line.setAttribute('points', points(history.map((flow) => flow.hops?.find((one) => one.service === service)?.per_s ?? 0)));
    },
    pass() {
      const now = performance.now();
      if (now - passed < DOT / 2) return;
      passed = now;
      const way = getComputedStyle(dot).getPropertyValue('--way-of-dot').trim() || 'left';
      dot.animate([{ [way]: '0%', opacity: 0 }, { opacity: 1, offset: 0.2 }, { opacity: 1, offset: 0.8 }, { [way]: '100%', opacity: 0 }], DOT);
    },
  };
}

function lag(hop) {
  if (typeof hop?.lag !== 'number') return 'lag –';
  const age = hop.lag > 0 && hop.lag_age_s >= 0.1 ? `, ${duration(hop.lag_age_s * 1000)}` : '';
  return `lag ${count(hop.lag)}${age}`;
}

function fault({ what, of, since }) {
  return h('li', {}, sign('bad', 'M1 2h10L6 11z'), h('span', {}, what, of && ` (${of})`, since && [' since ', moment(since)]));
}

/** A trend of the last minute: the newest at the right, from nothing to the most there was. */
function points(values) {
  const most = Math.max(...values, 1);
  const from = HISTORY - values.length;
  return values.map((value, at) => `${from + at},${(19 - (value / most) * 18).toFixed(1)}`).join(' ');
}
