// An order's timeline: what happened, how long each hop took, and why it was decided so.

import { h, s, terms } from './dom.js';
import { duration, moment, score, sign } from './format.js';

/** Events that say more than that it goes on. */
const KINDS = {
  OrderFraudDetected: 'bad', InventoryShortage: 'bad', PaymentFailed: 'bad', ShippingFailed: 'bad',
  DeadLetter: 'bad', DeadLetterDiscarded: 'bad', DeadLetterParked: 'wait', OrderHeldForReview: 'wait',
  ReviewEscalated: 'wait', PaymentActionRequired: 'wait', OrderCancelRequested: 'rest', ShippingCancelled: 'rest',
  OrderReviewCancelled: 'rest', PaymentRefunded: 'rest', ShippingLabelGenerated: 'ok',
};
const SHAPES = {
  way: 'M6 2a4 4 0 1 0 0 8a4 4 0 1 0 0-8z', ok: 'M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z', bad: 'M2 2h8v8H2z',
  wait: 'M6 .8L11.2 6 6 11.2.8 6z', rest: 'M2.5 2.5l7 7m0-7l-7 7',
};

/** A list to be shown again and again. Lines that stay as they were are left alone: somebody may be reading them. */
export function timeline() {
  const node = h('ol', { class: 'timeline', hidden: true });
  let items = new Map();
  const show = (order) => {
    const byId = new Map(order.timeline.map((line) => [line.id, line]));
    const next = new Map();
    order.timeline.forEach((line, at) => {
      const text = JSON.stringify(line);
      const known = items.get(line.id);
      const li = known?.text === text ? known.li : item(line, byId.get(line.cause), order.placed_at);
      next.set(line.id, { text, li });
      if (node.children[at] !== li) node.insertBefore(li, node.children[at] ?? null);
    });
    while (node.children.length > order.timeline.length) node.lastChild.remove();
    items = next;
    node.hidden = next.size === 0;
  };
  return { node, show };
}

function item(line, cause, placed) {
  const kind = KINDS[line.event] ?? 'way';
  const since = line.ms ?? (cause && new Date(line.at) - new Date(cause.at));
  const total = line.ms_total ?? new Date(line.at) - new Date(placed);
  const times = h(
    'div',
    { class: 'times' },
    h('span', { class: 'hop', title: cause && `since ${cause.event}` }, typeof since === 'number' ? `+${duration(since)}` : 'start'),
    h('span', { class: 'sum', title: 'since it was placed' }, Number.isFinite(total) && total > 0 ? duration(total) : ''),
  );
  return h(
    'li',
    { class: kind },
    times,
    sign(kind, SHAPES[kind], kind === 'rest' || kind === 'way'),
    h('div', { class: 'what' },
      h('p', {}, h('b', {}, words(line.event)), ' ', h('span', { class: 'by' }, line.by)),
      line.facts && h('p', { class: 'facts' }, line.facts),
      line.tried && h('p', { class: 'facts' }, tried(line.tried)),
      acted(line),
      line.decision && decision(line.decision),
      more(line),
    ),
    h('div', { class: 'at' }, moment(line.at)),
  );
}

/** InventoryReserved → Inventory reserved. */
function words(event) {
  const apart = event.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return apart.charAt(0).toUpperCase() + apart.slice(1);
}

/** What it took to get it. */
function tried({ attempts, held_ms }) {
  if (attempts === 0) return `after ${duration(held_ms)} of waiting`;
  return `after ${attempts} failed attempt${attempts === 1 ? '' : 's'} in ${duration(held_ms)}`;
}

function acted({ who, why }) {
  return (who || why) && h('p', { class: 'facts' }, who && ['by ', h('b', {}, who)], who && why && ': ', why && `“${why}”`);
}

/** What the model saw, the heaviest first. */
function decision({ model, version, engine, score: value, threshold, reasons = [], shadow }) {
  const heaviest = [...reasons].sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  const most = Math.max(...heaviest.map(({ weight }) => Math.abs(weight)), 0.001);
  return h(
    'details',
    { class: 'decision', open: true },
    h('summary', {}, `Decided by ${[model, version].filter(Boolean).join(' ')}${engine ? ` on ${engine}` : ''}`),
    terms([
      ['Score', score(value)],
      ['Threshold', score(threshold)],
      ['Shadow', shadow && `${score(shadow.score)} (version ${shadow.version})`],
    ], 'numbers small'),
    h('ul', { class: 'reasons' }, heaviest.map((reason) => factor(reason, most))),
  );
}

/** One factor, with a bar to the right for more suspicion and to the left for less. */
export function factor({ code, text, weight }, most) {
  const width = (Math.abs(weight) / most) * 40;
  const x = weight < 0 ? 40 - width : 40;
  const bar = s('svg', { class: 'bar', viewBox: '0 0 80 10', 'aria-hidden': 'true' },
    s('rect', { class: weight < 0 ? 'less' : 'more', x, y: 1, width, height: 8 }), s('path', { d: 'M40 0v10', class: 'axis' }));
  const signed = `${weight < 0 ? '−' : '+'}${Math.abs(weight).toFixed(2)}`;
  return h('li', {}, bar, h('span', { class: 'weight' }, signed), h('span', { title: code }, text || code));
}

/** Where it stands on the log. */
function more({ id, cause, topic, partition, offset, trace_id: trace }) {
  const place = topic && `${topic}, partition ${partition}, offset ${offset}`;
  return h('details', { class: 'more' }, h('summary', {}, 'On the log'), terms([
    ['Event', h('code', {}, id)],
    ['Cause', cause && h('code', {}, cause)],
    ['Place', place],
    ['Trace', trace && h('code', {}, trace)],
  ], 'lines'));
}
