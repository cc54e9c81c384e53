// Numbers, times and states as people read them.

import { h, s } from './dom.js';

const LOCALE = 'en-GB';
const whole = new Intl.NumberFormat(LOCALE);
const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });

/** What stands where nothing is known. */
export const NONE = '–';

const known = (number) => typeof number === 'number' && Number.isFinite(number);

/** A count: 1,760. */
export const count = (number) => (known(number) ? whole.format(number) : NONE);

/** So many a second. */
export const rate = (number) => (known(number) ? number.toFixed(number < 100 ? 1 : 0) : NONE);

/** A score or a weight. */
export const score = (number) => (known(number) ? number.toFixed(3) : NONE);

/** A share of one. */
export const share = (number) => (known(number) ? `${(number * 100).toFixed(number < 0.1 ? 1 : 0)} %` : NONE);

/** A time in milliseconds: 31 ms, 1.24 s, 2 min 3 s, 4 h 12 min. */
export function duration(ms) {
  if (!known(ms)) return NONE;
  const size = Math.abs(ms);
  if (size < 1) return `${ms.toFixed(1)} ms`;
  if (size < 1000) return `${Math.round(ms)} ms`;
  if (size < 60_000) return `${(ms / 1000).toFixed(size < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (size < 3_600_000) return `${Math.trunc(seconds / 60)} min ${Math.abs(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (size < 86_400_000 * 2) return `${Math.trunc(minutes / 60)} h ${Math.abs(minutes % 60)} min`;
  return `${Math.round(minutes / 1440)} days`;
}

/** Money in its currency's smallest unit. */
export function money(amount, currency) {
  if (!known(amount) || !currency) return NONE;
  try {
    const format = new Intl.NumberFormat(LOCALE, { style: 'currency', currency, currencyDisplay: 'code' });
    return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits).replace(/\u00a0/g, ' ');
  } catch {
    return `${amount} ${currency}`;
  }
}

/** A moment: the time of day, with the date where that is not today. */
export function moment(text) {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime())) return NONE;
  const today = day.format(at) === day.format(new Date());
  const shown = today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
  return h('time', { datetime: at.toISOString(), title: `${day.format(at)} ${clock.format(at)}` }, shown);
}

/** An id by its first and last digits; all of it is in its title. Orders placed close together begin alike. */
export const short = (id) => h('code', { title: id }, `${id.slice(0, 8)}…${id.slice(-4)}`);

/** A link to an order. */
export const orderLink = (id) => h('a', { href: `#/orders/${encodeURIComponent(id)}` }, short(id));

/** States: what they are called, which colour they have, and their shape, drawn in 12 by 12. */
export const STATES = {
  InProgress: ['In progress', 'way', 'M6 1.5a4.5 4.5 0 1 1-4.5 4.5', true],
  Fulfilled: ['Fulfilled', 'ok', 'M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z'],
  Rejected: ['Rejected', 'bad', 'M2 2h8v8H2z'],
  OutOfStock: ['Out of stock', 'bad', 'M2.5 2.5h7v7h-7z', true],
  Declined: ['Declined', 'bad', 'M1 2h10L6 11z'],
  Undeliverable: ['Undeliverable', 'bad', 'M6 1l5 9H1z'],
  Cancelled: ['Cancelled', 'rest', 'M2.5 2.5l7 7m0-7l-7 7', true],
  Parked: ['Parked', 'wait', 'M2.5 1.5h2.5v9H2.5zM7 1.5h2.5v9H7z'],
};
const HELD = ['Held for review', 'wait', 'M6 .8L11.2 6 6 11.2.8 6z'];

/** A sign: a shape in a state's colour. */
export function sign(kind, path, isLine) {
  const drawn = s('path', { d: path, class: isLine ? 'line' : 'solid' });
  return s('svg', { class: `sign ${kind}`, viewBox: '0 0 12 12', 'aria-hidden': 'true' }, drawn);
}

/** Where an order stands, as a sign and words. */
export function state(name, step) {
  const [words, kind, path, isLine] = step === 'held' ? HELD : (STATES[name] ?? [name, 'rest', 'M2 6h8', true]);
  const more = step && step !== 'held' ? h('span', { class: 'step' }, step) : null;
  return h('span', { class: `state ${kind}` }, sign(kind, path, isLine), h('span', {}, words), more);
}
