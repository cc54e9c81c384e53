// What services could not handle: finding it, and having something done about it.

import { act, ask, query } from './api.js';
import { confirm } from './confirm.js';
import { empty, field, h, isNew, put, select, table, tell } from './dom.js';
import { count, duration, moment } from './format.js';
import { letter } from './letter.js';

const PAGE = 50;
/** Each look reads the groups' own topics. */
const EVERY = 10_000;
const GROUPS = ['fraud-scoring', 'inventory', 'payment', 'shipping', 'order-status', 'recommendation'];
const STANDINGS = [['open', 'Open'], ['parked', 'Parked'], ['settled', 'Settled'], ['discarded', 'Discarded']];
const COLUMNS = [['', 'tick'], ['Record', ''], ['Group', ''], ['Code', ''], ['Message', 'long'], ['Tried', 'number'], ['Failed', 'number']];
const NAMES = ['group', 'code', 'standing', 'key', 'text', 'cursor'];

/** Fills the part. */
export function letters(root, { search, signal }) {
  const asked = Object.fromEntries(NAMES.map((name) => [name, search.get(name) ?? '']));
  const stats = h('div', { class: 'chips' });
  const note = h('div', { 'aria-live': 'polite' }, empty('Looking …'));
  const found = table('Dead letters', COLUMNS);
  found.node.classList.add('picks');
  const more = h('nav', { class: 'pages', 'aria-label': 'Pages' });
  const detail = h('section', { class: 'detail', 'aria-label': 'One dead letter', hidden: true });
  const chosen = new Map();
  const said = h('span', { class: 'side', role: 'status' });
  const does = ['redrive', 'park', 'discard'].map((what) => h('button', { type: 'button', class: what === 'discard' ? 'grave' : '', click: () => ask_(what) }, ACTS[what].verb));
  const bar = h('div', { class: 'buttons bar', role: 'group', 'aria-label': 'With what is chosen' }, said, does);
  put(root, stats, form(asked), bar, note, found.node, more, detail);

  const key = ({ group, place }) => `${group} ${place}`;
  function choice() {
    const groups = new Set([...chosen.values()].map(({ group }) => group));
    const words = groups.size > 1 ? 'Choose letters of one group' : chosen.size ? `${chosen.size} chosen` : 'Choose letters';
    put(said, words);
    does.forEach((button) => (button.disabled = groups.size !== 1));
  }

  function rowOf(one) {
    const tick = h('input', {
      type: 'checkbox',
      'aria-label': `Choose ${one.record} ${one.place} of ${one.group}`,
      disabled: one.settled,
      change: ({ target }) => (target.checked ? chosen.set(key(one), one) : chosen.delete(key(one)), choice()),
    });
    const open = h('button', { type: 'button', class: 'link', click: () => letter(detail, one, signal) }, one.record);
    const tried = one.returns ? `${one.attempts + 1}, back ${one.returns}×` : `${one.attempts + 1}`;
    return found.row(tick, open, one.group, h('code', {}, one.code), one.message, tried, moment(one.last_failed_at ?? one.time));
  }

  let isLooking = false;
  async function load() {
    isLooking = true;
    try {
      const filter = { ...asked, limit: PAGE };
      const [page, counted] = await Promise.all([ask(`/dead-letters${query(filter)}`, signal), ask('/dead-letters/stats', signal)]);
      if (isNew(found.body, page.dead_letters)) {
        chosen.clear();
        choice();
        found.body.replaceChildren(...page.dead_letters.map(rowOf));
      }
      found.node.hidden = page.dead_letters.length === 0;
      put(note, page.dead_letters.length === 0 && empty(`No ${asked.standing || 'open'} dead letter is like that.`));
      if (isNew(stats, counted.stats)) put(stats, chips(counted.stats, asked));
      const link = (words, cursor) => h('a', { class: 'button', href: `#/dead-letters${query({ ...asked, cursor })}` }, words);
      put(more, asked.cursor && link('First page', ''), page.next && link('Next page', page.next));
    } catch (problem) {
      if (signal.aborted || problem.kind === 'down') return;
      put(note, empty(problem.kind === 'absent' ? 'Dead letters are not available from this server.' : problem.words));
    } finally {
      isLooking = false;
    }
  }

  async function ask_(what) {
    const those = [...chosen.values()];
    const done = await deal(what, those);
    if (!done) return;
    tell(done);
    chosen.clear();
    isNew(found.body, null); // also where the same rows come again
    load();
  }

  // Not under somebody's hands.
  const isIdle = () => !document.hidden && !isLooking && chosen.size === 0 && !found.node.contains(document.activeElement);
  const again = setInterval(() => isIdle() && load(), EVERY);
  signal.addEventListener('abort', () => clearInterval(again));
  choice();
  load();
  return 'Dead letters';
}

const ACTS = {
  redrive: { verb: 'Redrive …', title: 'Redrive', says: 'Handed back to the service, to be handled again.' },
  park: { verb: 'Park …', title: 'Park', says: 'Put aside: a redrive of all leaves out what is parked.' },
  discard: { verb: 'Discard …', title: 'Discard', says: 'Given up for good. That cannot be taken back.' },
};

/** Asks, tries dry where that is wanted, and does it; in the end, what was done in words. */
function deal(what, those) {
  const { group } = those[0];
  const { title, says } = ACTS[what];
  const number = `${those.length} dead letter${those.length === 1 ? '' : 's'}`;
  const tried = h('div', { 'aria-live': 'polite' });
  const path = `/dead-letters/${encodeURIComponent(group)}/${what}`;
  const body = (by, reason) => ({ letters: those.map(({ place }) => place), by, reason });
  const dry = h('button', {
    type: 'button',
    click: async ({ target: { form } }) => {
      if (!form.reportValidity()) return;
      try {
        const answer = await act(path, { ...body(form.elements.by.value, form.elements.reason.value), dry_run: true });
        put(tried, outcome(answer, 'would be'));
      } catch (problem) {
        put(tried, h('p', { class: 'wrong' }, `It would be refused. ${problem.words}`));
      }
    },
  }, 'Try without doing it');
  return confirm({
    title: `${title} ${number} of ${group}?`,
    what: h('p', {}, says),
    verb: `${title} ${number}`,
    isGrave: what === 'discard',
    more: [h('div', { class: 'buttons' }, dry), tried],
    run: async ({ by, reason }) => outcome(await act(path, body(by, reason)), 'now'),
  });
}

function outcome({ dead_letters: letters = [] }, how) {
  const ways = new Map();
  for (const { done, standing } of letters) ways.set(done ?? standing, (ways.get(done ?? standing) ?? 0) + 1);
  const told = [...ways].map(([way, number]) => `${count(number)} ${how} ${way}`).join(', ');
  return told || 'Nothing to be done: they have been dealt with.';
}

function chips(stats, asked) {
  const open = stats.filter((row) => row.open + row.parked > 0).slice(0, 12);
  return open.map((row) => {
    const same = { group: row.group, code: row.code };
    const age = row.oldest_age_seconds === null ? '' : `, oldest ${duration(row.oldest_age_seconds * 1000)}`;
    const isCurrent = asked.group === row.group && asked.code === row.code;
    return h('a', { class: 'chip', href: `#/dead-letters${query(same)}`, 'aria-current': isCurrent && 'true' },
      h('b', {}, row.group), ' ', h('code', {}, row.code), ` ${count(row.open)} open, ${count(row.parked)} parked${age}`);
  });
}

function form(asked) {
  const groups = [['', 'Any'], ...GROUPS.map((name) => [name, name])];
  const submit = (event) => {
    event.preventDefault();
    location.hash = `#/dead-letters${query(Object.fromEntries(new FormData(event.target)))}`;
  };
  const input = (name) => h('input', { name, value: asked[name], autocomplete: 'off', spellcheck: 'false' });
  return h(
    'form',
    { class: 'search', role: 'search', 'aria-label': 'Filter dead letters', submit },
    field('Group', select('group', groups, asked.group)),
    field('Code', input('code')),
    field('Standing', select('standing', STANDINGS, asked.standing || 'open')),
    field('Key', input('key')),
    field('Text', input('text')),
    h('div', { class: 'buttons' }, h('button', { class: 'main' }, 'Filter'), h('a', { class: 'button quiet', href: '#/dead-letters' }, 'Clear')),
  );
}

