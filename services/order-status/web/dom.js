// Building nodes. What comes from outside becomes text or an attribute, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/** An element: `h('a', { href: '#/', click: go }, 'Flow')`. Functions are listeners, `null` and `false` are left out. */
export function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
export function s(tag, attributes, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : value);
    }
  }
  node.append(...there(children));
  return node;
}

const there = (children) =>
  children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);

/** Gives a node other children. */
export function put(node, ...children) {
  node.replaceChildren(...there(children));
  return node;
}

/** Changes a node's text only where it is another: what does not change is not painted again. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Whether this is something else than what the node was last asked about: what is the same is not made anew. */
export function isNew(node, value) {
  const text = JSON.stringify(value);
  const known = shown.get(node) === text;
  shown.set(node, text);
  return !known;
}
const shown = new WeakMap();

/** A field with its label; `control` is an input, a select or a textarea. */
export function field(label, control, hint) {
  const id = `f${(fields += 1)}`;
  control.id = id;
  const note = hint && h('small', { id: `${id}n` }, hint);
  if (note) control.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { for: id }, label), control, note);
}
let fields = 0;

/** A select of `[value, text]` pairs. */
export function select(name, options, chosen) {
  const option = ([value, text]) => h('option', { value, selected: value === chosen }, text);
  return h('select', { name }, options.map(option));
}

/** A table that keeps its meaning where it is laid out as cards: a phone. */
export function table(caption, columns) {
  const body = h('tbody', { role: 'rowgroup' });
  const heads = columns.map(([name, kind]) => h('th', { scope: 'col', role: 'columnheader', class: kind }, name));
  const node = h(
    'table',
    { role: 'table' },
    h('caption', { class: 'unseen' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)),
    body,
  );
  const row = (...cells) =>
    h('tr', { role: 'row' }, cells.map((cell, at) => {
      const [name, kind] = columns[at];
      return h('td', { role: 'cell', class: kind, 'data-name': name }, cell);
    }));
  return { node, body, row };
}

/** Terms and what they are: `[term, what]`; those without a what are left out. */
export function terms(pairs, kind) {
  const known = pairs.filter(([, what]) => what !== null && what !== undefined && what !== '');
  return h('dl', { class: kind }, known.map(([term, what]) => h('div', {}, h('dt', {}, term), h('dd', {}, what))));
}

/** Says something once: to eyes for a while, and to whoever listens to the page. */
export function tell(words, kind = 'done') {
  const region = document.getElementById('told');
  const note = h('p', { class: `note ${kind}` }, words);
  region.append(note);
  while (region.children.length > 3) region.firstChild.remove();
  setTimeout(() => note.remove(), 8000);
}

/** A calm line in place of what is not there. */
export function empty(words) {
  return h('p', { class: 'empty' }, words);
}
