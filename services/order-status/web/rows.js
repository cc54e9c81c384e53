// Orders as rows: the newest first, never more than so many.

import { table } from './dom.js';
import { money, moment, orderLink, state } from './format.js';

const COLUMNS = [
  ['State', 'wide'],
  ['Order', ''],
  ['Customer', 'long'],
  ['Total', 'number'],
  ['Placed', 'number'],
];

/** A table of at most `limit` orders. */
export function orderRows(caption, limit) {
  const { node, body, row } = table(caption, COLUMNS);
  const rows = new Map();

  function made(order) {
    const made = row(
      state(order.state, order.step),
      orderLink(order.order_id),
      customer(order.customer_id),
      money(order.total, order.currency),
      moment(order.placed_at),
    );
    rows.set(order.order_id, { row: made, shown: `${order.state} ${order.step}` });
    return made;
  }

  return {
    node,
    /** How many there are. */
    size: () => rows.size,
    /** Whether it is among them. */
    has: (order) => rows.has(order.order_id),
    /** These, instead of what there was. */
    set(orders) {
      const page = orders.slice(0, limit);
      const stay = new Set(page.map((order) => order.order_id));
      for (const [id, { row }] of rows) if (!stay.has(id)) (row.remove(), rows.delete(id));
      page.forEach((order, at) => {
        // Rows that stay keep their place in the document: somebody may be on one of their links.
        this.change(order);
        const row = rows.get(order.order_id)?.row ?? made(order);
        if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null);
      });
    },
    /** One that has changed stays where it is. */
    change(order) {
      const known = rows.get(order.order_id);
      const now = `${order.state} ${order.step}`;
      if (!known || known.shown === now) return;
      known.shown = now;
      known.row.firstChild.replaceChildren(state(order.state, order.step));
      flash(known.row);
    },
    /** One that is new goes on top; what is too much falls off below. */
    add(order) {
      const row = made(order);
      body.prepend(row);
      flash(row);
      while (rows.size > limit) {
        const last = body.lastChild;
        for (const [id, { row }] of rows) if (row === last) rows.delete(id);
        last.remove();
      }
    },
  };
}

const still = matchMedia('(prefers-reduced-motion: reduce)');

function flash(row) {
  if (still.matches) return;
  row.animate([{ backgroundColor: 'var(--flash)' }, { backgroundColor: 'transparent' }], 1200);
}

function customer(id) {
  return id ?? '–';
}
