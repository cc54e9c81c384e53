// Orders that wait for a person, the next deadline first.

import { act, ask, query } from './api.js';
import { confirm } from './confirm.js';
import { empty, h, put, say, tell, terms } from './dom.js';
import { duration, money, moment, orderLink, score, short, sign } from './format.js';
import { live } from './live.js';
import { factor } from './timeline.js';

const PAGE = 25;
const SOON = 5 * 60_000;

/** Fills the part. */
export function reviews(root, { search, signal }) {
  const cursor = search.get('cursor');
  const list = h('ol', { class: 'cards' });
  const note = h('div', { 'aria-live': 'polite' }, empty('Looking …'));
  const more = h('nav', { class: 'pages', 'aria-label': 'Pages' });
  put(root, h('p', { class: 'side' }, 'At its deadline policy decides about an order by itself. The first decision counts.'), note, list, more);
  const cards = new Map();

  async function load() {
    try {
      const { reviews, next } = await ask(`/reviews${query({ limit: PAGE, cursor })}`, signal);
      put(note, reviews.length === 0 && empty('No order waits for a person.'));
      keep(cards, list, reviews, load);
      const link = (words, to) => h('a', { class: 'button', href: `#/reviews${query({ cursor: to })}` }, words);
      put(more, cursor && link('First page', ''), next && link('Next page', next));
    } catch (problem) {
      if (!signal.aborted && problem.kind !== 'down') put(note, empty(problem.words));
    }
  }

  let timer = null;
  const soon = () => (timer ??= setTimeout(() => ((timer = null), load()), 300));
  live.addEventListener('order', ({ detail }) => (detail.step === 'held' || cards.has(detail.order_id)) && soon(), { signal });
  const tick = setInterval(() => cards.forEach((card) => card.tick()), 1000);
  const again = setInterval(() => document.hidden || soon(), 10_000);
  signal.addEventListener('abort', () => [tick, again, timer].forEach(clearInterval));
  load();
  return 'Review queue';
}

/** Cards that stay are not made anew: somebody may just be on one of their buttons. */
function keep(cards, list, reviews, load) {
  const wanted = new Set(reviews.map(({ order_id: id }) => id));
  for (const [id, card] of cards) if (!wanted.has(id)) (card.node.remove(), cards.delete(id));
  reviews.forEach((review, at) => {
    const known = cards.get(review.order_id);
    if (known && known.decided === Boolean(review.decision) && known.escalated === review.escalated) return;
    known?.node.remove();
    const made = card(review, load);
    cards.set(review.order_id, made);
    list.insertBefore(made.node, list.children[at] ?? null);
  });
}

function card(review, load) {
  const left = h('span', { class: 'left', title: `until ${review.review_by}` });
  const until = new Date(review.review_by).getTime();
  const decide = (verb) => h('button', { type: 'button', class: verb === 'approve' ? 'main' : 'grave', click: () => ask_(review, verb, load) }, verb === 'approve' ? 'Approve' : 'Reject');
  const reasons = [...(review.reasons ?? [])].sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  const most = Math.max(...reasons.map(({ weight }) => Math.abs(weight)), 0.001);
  const node = h(
    'li',
    { class: 'card', 'data-order': review.order_id },
    h('header', {},
      h('h2', {}, orderLink(review.order_id)),
      h('p', { class: 'due' }, sign('wait', 'M6 .8L11.2 6 6 11.2.8 6z'), left, review.escalated && h('b', {}, 'escalated'))),
    terms([
      ['Score', score(review.score)],
      ['Total', money(review.total, review.currency)],
      ['Customer', review.customer_id && h('a', { href: `#/orders?customer=${encodeURIComponent(review.customer_id)}` }, review.customer_id)],
      ['Held', moment(review.held_at)],
    ], 'numbers small'),
    h('ul', { class: 'reasons' }, reasons.slice(0, 6).map((reason) => factor(reason, most))),
    review.decision
      ? h('p', { class: 'side' }, `Decided: ${review.decision.decision}${review.decision.reviewer ? ` by ${review.decision.reviewer}` : ''}; fraud-scoring takes it up.`)
      : h('div', { class: 'buttons' }, decide('approve'), decide('reject')),
  );
  const tick = () => {
    const ms = until - Date.now();
    left.classList.toggle('soon', ms < SOON);
    say(left, ms > 0 ? `${duration(Math.floor(ms / 1000) * 1000)} left` : 'the deadline has passed');
  };
  tick();
  return { node, tick, decided: Boolean(review.decision), escalated: review.escalated };
}

async function ask_(review, decision, load) {
  const isReject = decision === 'reject';
  const done = await confirm({
    title: isReject ? 'Reject this order?' : 'Approve this order?',
    what: h('p', {}, 'Order ', short(review.order_id), ` over ${money(review.total, review.currency)} `,
      isReject ? 'ends as rejected. That cannot be taken back.' : 'goes on to inventory, payment and shipping.'),
    verb: isReject ? 'Reject the order' : 'Approve the order',
    isGrave: isReject,
    run: ({ by, reason }) => act(`/reviews/${encodeURIComponent(review.order_id)}`, { decision, reviewer: by, reason }),
  });
  if (done) tell(`Order ${review.order_id.slice(0, 8)}… is ${isReject ? 'rejected' : 'approved'} by ${done.reviewer ?? 'you'}.`);
  load();
}
