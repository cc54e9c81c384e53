// Asking before something is done: who does it, and why.

import { operator } from './api.js';
import { field, h, put } from './dom.js';

/**
 * Opens a dialog and calls `run({ by, reason, form })` when it is confirmed; what that throws is shown and the dialog
 * stays. `more` are further fields. Resolves with what `run` returned, or `undefined` when nothing was done.
 */
export function confirm({ title, what, verb, isGrave, more = [], run }) {
  const by = h('input', { name: 'by', required: true, maxlength: 100, autocomplete: 'name', value: operator.get() });
  const reason = h('textarea', { name: 'reason', required: true, maxlength: 500, rows: 3 });
  const wrong = h('p', { class: 'wrong', role: 'alert' });
  const yes = h('button', { class: isGrave ? 'main grave' : 'main' }, verb);
  const no = h('button', { type: 'button', class: 'quiet' }, 'Leave it as it is');
  const form = h(
    'form',
    {},
    h('h2', { id: 'asked' }, title),
    what,
    field('Your name', by, 'It goes on the log. Where a token says who you are, that counts.'),
    field('Reason', reason, 'Nothing personal: it stays.'),
    more,
    wrong,
    h('div', { class: 'buttons' }, yes, no),
  );
  const dialog = h('dialog', { 'aria-labelledby': 'asked' }, form);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let result;
    no.addEventListener('click', () => dialog.close());
    dialog.addEventListener('close', () => (dialog.remove(), resolve(result)));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (yes.disabled) return;
      operator.set(by.value.trim());
      yes.disabled = true;
      put(wrong);
      try {
        result = (await run({ by: by.value.trim(), reason: reason.value.trim(), form })) ?? true;
        dialog.close();
      } catch (problem) {
        put(wrong, `Not done. ${problem.words ?? problem.message}`);
      } finally {
        yes.disabled = false;
      }
    });
    dialog.showModal();
    (by.value ? reason : by).focus();
  });
}
