// Asking order-status, with the operator's token where there is one.

const TOKEN = 'orderflow.token';
const NAME = 'orderflow.name';
/** Dead letters are read from the log itself: on a machine that has much else to do that takes a while. */
const PATIENCE = 40_000;

/** The operator's token: for this tab, until it is closed. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

/** Under which name this tab's operator acts. */
export const operator = {
  get: () => sessionStorage.getItem(NAME) ?? '',
  set: (text) => sessionStorage.setItem(NAME, text),
};

/**
 * Why there is no answer. `kind`: `down` (nobody answers), `staff` (not without a good token), `absent` (this server has
 * no such route), `busy` (try again later) or `refused`.
 */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || (status ? `the answer is ${status}` : 'order-status does not answer'));
    this.status = status;
    this.body = body;
    this.kind = kind(status, body);
  }

  /** What is wrong with what was sent, in words. */
  get words() {
    const errors = this.body.errors ?? [];
    const each = errors.map((error) => `${(error.field ?? '').replace(/^\//, '')}: ${error.detail ?? error.code}`);
    const reasons = (this.body.reasons ?? []).map((reason) => (typeof reason === 'string' ? reason : reason.text));
    return [this.message, ...each, ...reasons].filter(Boolean).join('; ');
  }
}

function kind(status, body) {
  if (status === 0) return 'down';
  if (status === 401 || status === 403) return 'staff';
  if (status === 503 || status === 502 || status === 504) return 'busy';
  return (status === 404 && (body.code ?? 'not_found') === 'not_found') || status === 405 ? 'absent' : 'refused';
}

/** Headers of every request. */
export function headers(more) {
  const held = token.get();
  return { ...(held ? { authorization: `Bearer ${held}` } : {}), ...more };
}

/** Sends a request; what is no success is thrown as a `Problem`, an end that `signal` brought as it is. */
export async function send(path, { signal, ...request } = {}) {
  let response;
  try {
    response = await fetch(path, { ...request, signal, cache: 'no-store', redirect: 'error' });
  } catch (error) {
    if (!signal?.aborted) throw new Problem(0, {});
    if (signal.reason?.name === 'TimeoutError') throw new Problem(504, { detail: 'order-status takes too long to answer' });
    throw error;
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => ({}));
  throw new Problem(response.status, body ?? {});
}

/** Asks for JSON. */
export async function ask(path, signal) {
  const patience = AbortSignal.timeout(PATIENCE);
  const either = signal ? AbortSignal.any([signal, patience]) : patience;
  const response = await send(path, { headers: headers({ accept: 'application/json' }), signal: either });
  return response.json();
}

/** Sends JSON to have something done. */
export async function act(path, body) {
  const response = await send(path, {
    method: 'POST',
    headers: headers({ accept: 'application/json', 'content-type': 'application/json' }),
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  return response.json().catch(() => ({}));
}

/** A query of these pairs; what is empty is left out. */
export function query(pairs) {
  const there = Object.entries(pairs).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const text = new URLSearchParams(there).toString();
  return text && `?${text}`;
}
