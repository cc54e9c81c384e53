// Searching for orders: by id, customer, state and time, page by page.

import { ask, query } from './api.js';
import { empty, field, h, put, select } from './dom.js';
import { STATES } from './format.js';
import { live } from './live.js';
import { orderRows } from './rows.js';

const PAGE = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Fills the part. What is asked for stands in the address, so it can be kept and sent. */
export function orders(root, { search, signal }) {
  const asked = Object.fromEntries(['customer', 'state', 'from', 'to', 'cursor'].map((name) => [name, search.get(name) ?? '']));
  const found = orderRows('Orders found, the newest first', PAGE);
  const result = h('div', { 'aria-live': 'polite', 'aria-busy': 'true' }, empty('Looking …'));
  const more = h('nav', { class: 'pages', 'aria-label': 'Pages' });
  const news = h('button', { type: 'button', class: 'quiet', hidden: true, click: () => load() });
  put(root, form(asked), h('section', { 'aria-label': 'Orders' }, news, result, found.node, more));

  async function load() {
    news.hidden = true;
    try {
      const page = await ask(`/orders${query({ ...asked, from: moment(asked.from), to: moment(asked.to), limit: PAGE })}`, signal);
      found.set(page.orders);
      const none = asked.cursor ? 'No more orders.' : 'No order is like that.';
      put(result, page.orders.length === 0 && empty(page.next ? 'None among those looked at so far: see older ones.' : none));
      pages(more, asked, page.next);
    } catch (problem) {
      if (!signal.aborted) put(result, empty(words(problem)));
    } finally {
      result.setAttribute('aria-busy', 'false');
    }
  }

  let fresh = 0;
  live.addEventListener('order', ({ detail }) => {
    if (found.has(detail)) return found.change(detail);
    const fits = (!asked.state || asked.state === detail.state) && (!asked.customer || asked.customer === detail.customer_id);
    if (asked.cursor || asked.from || asked.to || !fits) return;
    fresh += 1;
    news.hidden = false;
    put(news, fresh > 99 ? 'Many more since: show them' : `${fresh} more since: show ${fresh === 1 ? 'it' : 'them'}`);
  }, { signal });
  news.addEventListener('click', () => (fresh = 0));
  load();
  return 'Orders';
}

function form(asked) {
  const states = [['', 'Any'], ...Object.entries(STATES).map(([name, [words]]) => [name, words])];
  const id = h('input', { name: 'id', placeholder: 'UUID', autocomplete: 'off', spellcheck: 'false', maxlength: 60 });
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const time = (name) => h('input', { name, type: 'datetime-local', step: 1, value: asked[name] });
  const submit = (event) => {
    event.preventDefault();
    const data = Object.fromEntries(new FormData(event.target));
    const wanted = data.id.trim();
    delete data.id;
    put(wrong);
    if (!wanted) location.hash = `#/orders${query(data)}`;
    else if (UUID.test(wanted)) location.hash = `#/orders/${wanted}`;
    else put(wrong, 'An order’s id is a UUID: 36 characters, such as 0198c2a4-….');
  };
  return h(
    'form',
    { class: 'search', role: 'search', 'aria-label': 'Search orders', submit },
    field('Order id', id),
    field('Customer', h('input', { name: 'customer', value: asked.customer, autocomplete: 'off', spellcheck: 'false' })),
    field('State', select('state', states, asked.state)),
    field('Placed from', time('from')),
    field('Placed to', time('to')),
    h('div', { class: 'buttons' }, h('button', { class: 'main' }, 'Search'), h('a', { class: 'button quiet', href: '#/orders' }, 'Clear')),
    wrong,
  );
}

function pages(node, asked, next) {
  const link = (words, cursor) => h('a', { class: 'button', href: `#/orders${query({ ...asked, cursor })}` }, words);
  put(node, asked.cursor && link('Newest', ''), next && link('Older', next));
}

/** A field's local time as the server reads it. */
function moment(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

function words(problem) {
  const fields = (problem.body?.errors ?? []).map(({ field }) => field);
  const isOld = fields.some((field) => /from|to$/.test(field ?? ''));
  return isOld ? 'Searching by time is not available from this server.' : problem.words;
}
