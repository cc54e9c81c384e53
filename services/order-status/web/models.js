// The models that judge: what serves, what is tried beside it, how that does, and changing it.

import { act, ask } from './api.js';
import { confirm } from './confirm.js';
import { empty, field, h, isNew, put, table, tell, terms } from './dom.js';
import { count, moment, score, share, sign } from './format.js';

/** What an operator does: whether a version is named, and what it means. */
const ACTS = {
  shadow: { words: 'Try in shadow', hasVersion: true, says: 'It scores every order and decides none.' },
  canary: { words: 'Try as canary', hasVersion: true, says: 'It decides the orders of some customers.' },
  promote: { words: 'Promote', hasVersion: true, says: 'It decides all orders, if it passes the gate.' },
  rollback: { words: 'Roll back', isGrave: true, says: 'The version that was live before decides again.' },
  off: { words: 'Switch off', isGrave: true, says: 'Rules decide until the model is switched on again.' },
  on: { words: 'Switch on', says: 'The live version decides again.' },
};

/** Fills the part. */
export function models(root, { signal }) {
  const list = h('div', { 'aria-live': 'polite' }, empty('Looking …'));
  put(root, list);

  async function load() {
    try {
      const { models } = await ask('/models', signal);
      if (isNew(list, models)) put(list, models.length ? models.map((model) => section(model, load)) : empty('No model has been published: rules decide.'));
    } catch (problem) {
      if (signal.aborted || problem.kind === 'down') return;
      isNew(list, null);
      put(list, empty(problem.kind === 'absent' ? 'Models are not available from this server. The command line has them: orderflow models list.' : problem.words));
    }
  }

  const again = setInterval(() => document.hidden || document.querySelector('dialog[open]') || list.contains(document.activeElement) || load(), 5000);
  signal.addEventListener('abort', () => clearInterval(again));
  load();
  return 'Models';
}

function section(model, load) {
  const { live, shadow, canary, off, drift, report, versions = [] } = model;
  const button = (what, version) => h('button', {
    type: 'button',
    disabled: what === 'rollback' && model.can_roll_back === false,
    class: ACTS[what].isGrave ? 'grave' : what === 'promote' ? 'main' : '',
    click: () => change(model, what, version, load),
  }, ACTS[what].words);
  return h(
    'section',
    { class: 'card model', 'aria-label': `Model ${model.model}` },
    h('header', {}, h('h2', {}, model.model), h('div', { class: 'buttons' }, button('rollback'), button(off ? 'on' : 'off'))),
    h('div', { class: 'roles' },
      role('Live', off ? 'rest' : 'ok', off ? 'Switched off: rules decide' : live?.version ? `Version ${live.version}` : 'What the service is set up with',
        live && [live.engine, live.since && ['since ', moment(live.since)]]),
      role('Shadow', 'way', shadow ? `Version ${shadow.version}` : 'None', shadow && ['scores all, decides none']),
      role('Canary', 'wait', canary ? `Version ${canary.version}` : 'None', canary && [`decides for ${share(canary.share)} of the customers`]),
      role('Drift', drift ? 'bad' : 'ok', drift ? 'Found' : 'None found', drift && [facts(drift)])),
    report && h('details', { class: 'report', open: true }, h('summary', {}, 'Newest shadow report'), facts(report)),
    list(versions, live, button),
  );
}

const SHAPES = { ok: 'M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z', way: 'M6 2a4 4 0 1 0 0 8a4 4 0 1 0 0-8z', wait: 'M6 .8L11.2 6 6 11.2.8 6z', bad: 'M2 2h8v8H2z', rest: 'M2 6h8' };

function role(name, kind, words, more) {
  const isLine = kind === 'way' || kind === 'rest';
  return h('div', { class: 'role' }, h('h3', {}, name), h('p', {}, sign(kind, SHAPES[kind], isLine), h('b', {}, words)),
    more && h('div', { class: 'side' }, more.filter(Boolean).map((part) => h('div', {}, part))));
}

function list(versions, live, button) {
  if (!versions.length) return empty('No version has been published.');
  const { node, body, row } = table('Versions, the newest first', [['Version', ''], ['Published', ''], ['SHA-256', ''], ['', 'acts']]);
  const newest = [...versions].reverse().slice(0, 20);
  for (const { version, published_at: at, sha256 } of newest) {
    const acts = live?.version === version ? 'live' : h('div', { class: 'buttons' }, ['shadow', 'canary', 'promote'].map((what) => button(what, version)));
    body.append(row(version, moment(at), h('code', { title: sha256 }, (sha256 ?? '').slice(0, 12)), acts));
  }
  return node;
}

/** Anything as terms: numbers as they are read, what lies deeper under all the names that lead there. */
function facts(value) {
  return terms(pairs(value, '').slice(0, 60), 'lines');
}

function pairs(value, path) {
  return Object.entries(value).flatMap(([name, one]) => {
    const words = `${path} ${name.replaceAll('_', ' ')}`.trim();
    const isDeep = one !== null && typeof one === 'object' && !Array.isArray(one);
    return isDeep ? pairs(one, words) : [[words, shown(name, one)]];
  });
}

function shown(name, one) {
  if (typeof one === 'number') return Number.isInteger(one) ? count(one) : score(one);
  if (typeof one === 'boolean') return one ? 'yes' : 'no';
  if (typeof one === 'string') return /(_at|since|^at|until)$/.test(name) ? moment(one) : one;
  return Array.isArray(one) ? one.slice(0, 20).map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join('; ') : null;
}

async function change(model, what, version, load) {
  const { words, says, isGrave, hasVersion } = ACTS[what];
  const part = what === 'canary' && h('input', { name: 'share', type: 'number', min: 0.01, max: 1, step: 0.01, value: 0.1, required: true });
  const force = what === 'promote' && h('input', { name: 'force', type: 'checkbox' });
  const subject = hasVersion ? `version ${version} of ${model.model}` : model.model;
  const done = await confirm({
    title: `${words}: ${subject}?`,
    what: h('p', {}, says),
    verb: words,
    isGrave,
    more: [part && field('Share of the customers', part), force && field('Promote it even if the gate refuses', force)],
    run: ({ by, reason }) =>
      act(`/models/${encodeURIComponent(model.model)}/${what}`, {
        by,
        reason,
        ...(hasVersion ? { version } : {}),
        ...(part ? { share: Number(part.value) } : {}),
        ...(force ? { force: force.checked } : {}),
      }),
  });
  if (done) tell(`${words}: ${subject}. The services take it up within seconds.`);
  load();
}
