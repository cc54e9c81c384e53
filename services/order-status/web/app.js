// The page: which part is shown, how the connection is, and what to do when there is none.

import { token } from './api.js';
import { h, put, say } from './dom.js';
import { flow } from './flow.js';
import { count, sign } from './format.js';
import { letters } from './letters.js';
import { live } from './live.js';
import { models } from './models.js';
import { order } from './order.js';
import { orders } from './orders.js';
import { reviews } from './reviews.js';

const main = document.getElementById('main');
const trouble = document.getElementById('trouble');
const status = document.getElementById('status');

/** Parts by the first word of the address; each fills a node and returns its title and what stops it. */
const PARTS = { '': flow, orders, reviews, 'dead-letters': letters, models };

let shown = null;

function show(isNavigation) {
  const [path, search] = (location.hash.slice(1) || '/').split('?');
  const [, part = '', id] = path.split('/');
  const known = Object.hasOwn(PARTS, part) ? part : '';
  const fill = part === 'orders' && id ? order : PARTS[known];
  shown?.stop();
  const stop = new AbortController();
  const root = h('div', { class: `part ${known || 'flow'}` });
  const heading = h('h1', { tabindex: '-1' });
  put(main, heading, root);
  const title = fill(root, { id: id && decode(id), search: new URLSearchParams(search), signal: stop.signal });
  heading.textContent = title;
  document.title = `${title} · Control tower`;
  shown = { stop: () => stop.abort() };
  for (const link of document.querySelectorAll('[data-part]')) {
    if (link.dataset.part !== (known || 'flow')) link.removeAttribute('aria-current');
    else {
      link.setAttribute('aria-current', 'page');
      link.scrollIntoView({ inline: 'center', block: 'nearest' });
    }
  }
  if (isNavigation) {
    document.querySelector('dialog[open]')?.close();
    heading.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const SIGNS = {
  live: ['ok', 'M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z', false, 'Live'],
  asking: ['ok', 'M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z', true, 'Updated every 2 s'],
  connecting: ['rest', 'M2 6h8', true, 'Connecting'],
  paused: ['rest', 'M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z', false, 'Paused'],
  busy: ['wait', 'M1 2h10L6 11z', false, 'Not ready'],
  staff: ['wait', 'M2 5h8v6H2zM4 5V3.5a2 2 0 0 1 4 0V5', true, 'For staff'],
  down: ['bad', 'M2.5 2.5l7 7m0-7l-7 7', true, 'No answer'],
};

function connection({ kind, problem, next }) {
  const [colour, path, isLine, words] = SIGNS[kind];
  if (status.dataset.kind !== kind) {
    status.dataset.kind = kind;
    put(status, sign(colour, path, isLine), h('span', {}, words));
  }
  document.body.classList.toggle('stale', kind === 'down');
  if (kind === 'staff') return askForToken(problem);
  if (kind !== 'down' && kind !== 'busy') {
    trouble.hidden = true;
    trouble.dataset.kind = '';
    return;
  }
  if (trouble.dataset.kind !== kind || trouble.hidden) {
    const words =
      kind === 'down'
        ? 'order-status does not answer. What you see is how it was; the page comes back by itself.'
        : `order-status is not ready: ${problem.message}. The page comes back by itself.`;
    put(trouble, h('p', {}, words, ' ', h('span', { id: 'next', 'aria-hidden': 'true' })));
    trouble.dataset.kind = kind;
    trouble.hidden = false;
  }
  const line = document.getElementById('next');
  if (line && next) say(line, `Next attempt in ${Math.max(1, Math.round(next / 1000))} s.`);
}

/** Says what is missing, with a field for it. What was typed stays when the same is said again. */
function askForToken(problem) {
  const held = token.get();
  const words = held
    ? 'The operator token was not accepted: it is wrong, or has expired.'
    : 'This page is for staff: it needs the operator token, or a token with the staff scope.';
  const said = `staff ${words} ${held}`;
  if (trouble.dataset.kind === said && !trouble.hidden) return;
  trouble.dataset.kind = said;
  const input = h('input', { type: 'password', id: 'token', autocomplete: 'off', spellcheck: 'false', required: true });
  const forget = h('button', { type: 'button', class: 'quiet', click: () => (token.forget(), restart()) }, 'Forget it');
  const use = (event) => {
    event.preventDefault();
    if (!input.value.trim()) return input.focus();
    token.set(input.value.trim());
    restart();
  };
  const form = h(
    'form',
    { class: 'token', submit: use },
    h('label', { for: 'token' }, 'Operator token'),
    input,
    h('button', { class: 'main' }, 'Use this token'),
    held && forget,
    h('small', {}, 'Kept in this tab only, until it is closed.'),
  );
  put(trouble, h('p', { title: problem?.message }, words), form);
  trouble.hidden = false;
}

/** With another token everything is asked anew. */
function restart() {
  trouble.hidden = true;
  live.start();
  show(false);
}

/** How much waits for somebody, beside the parts' names. */
function badges(numbers) {
  const hops = numbers?.hops ?? [];
  const waiting = { held: numbers?.orders?.held, letters: hops.reduce((sum, hop) => sum + (hop.dead_letters ?? 0), 0) };
  for (const [id, number] of Object.entries(waiting)) {
    const badge = document.getElementById(id);
    badge.hidden = !number;
    say(badge, number ? count(number) : '');
  }
}

live.addEventListener('status', ({ detail }) => connection(detail));
live.addEventListener('flow', ({ detail }) => badges(detail));
live.addEventListener('back', () => show(false));
addEventListener('hashchange', () => show(true));
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // the address tells the part
  main.focus();
});
show(false);
live.start();
