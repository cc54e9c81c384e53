// What is known of the flow and its orders, as it comes. One stream for the whole page.

import { ask } from './api.js';
import { follow, sleep } from './stream.js';

/** How often a server without a stream is asked. */
const EVERY = 2000;
const LONGEST = 10_000;
/** How many orders are remembered where changes have to be found by comparing. */
const ASKED = 25;
/** How many of the flow's seconds are kept. */
export const HISTORY = 60;
/** A page that nobody sees is quiet after so long. */
const UNSEEN = 30_000;

const troubled = new Set(['down', 'busy', 'staff']);

/**
 * Events: `flow` and `order` (with `detail`), `status`, and `back` once trouble is over. `status.kind`: `connecting`,
 * `live`, `asking` (there is no stream), `paused`, `down`, `busy`, `staff` or `absent`.
 */
class Live extends EventTarget {
  status = { kind: 'connecting' };
  /** The newest numbers, and those of the last minute, oldest first. */
  flow = null;
  history = [];
  /** Whether this server tells the flow's numbers. */
  hasFlow = true;
  #stop = () => {};
  #wasTroubled = false;

  /** Begins, or begins anew: after another token. */
  start() {
    this.#stop();
    this.hasFlow = true;
    this.#stop = follow('/flow/events', {
      open: () => this.#set({ kind: 'live' }),
      event: (name, data) => this.#heard(name, data),
      trouble: (problem, next) => {
        if (problem.kind === 'absent') this.#ask();
        else this.#set({ kind: troubled.has(problem.kind) ? problem.kind : 'busy', problem, next });
      },
    });
  }

  /** Says nothing any more, until `start`. */
  pause() {
    this.#stop();
    this.#set({ kind: 'paused' });
  }

  #heard(name, data) {
    if (name === 'flow') {
      this.flow = data;
      this.hasFlow = true;
      this.history.push(data);
      if (this.history.length > HISTORY) this.history.shift();
    }
    this.#emit(name, data);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #set(status) {
    this.status = status;
    this.#emit('status', status);
    if (troubled.has(status.kind)) this.#wasTroubled = true;
    else if (this.#wasTroubled && (status.kind === 'live' || status.kind === 'asking')) {
      this.#wasTroubled = false;
      this.#emit('back');
    }
  }

  /** Without a stream: looks again and again. */
  async #ask() {
    const stop = new AbortController();
    this.#stop = () => stop.abort();
    let known = new Map();
    let wait = 500;
    let hasFailed = false;
    while (!stop.signal.aborted) {
      let pause = EVERY;
      try {
        if (this.hasFlow) await this.#askFlow(stop.signal);
        const { orders } = await ask(`/orders?limit=${ASKED}`, stop.signal);
        if (hasFailed) return this.start(); // another version may answer now
        this.#set({ kind: 'asking' });
        const before = known;
        known = new Map(orders.map((order) => [order.order_id, `${order.state} ${order.step}`]));
        const changed = (order) => before.get(order.order_id) !== known.get(order.order_id);
        orders.filter(changed).reverse().forEach((order) => this.#emit('order', order));
        wait = 500;
      } catch (problem) {
        if (stop.signal.aborted) return;
        const kind = troubled.has(problem.kind) ? problem.kind : 'busy';
        pause = wait;
        hasFailed = true;
        wait = Math.min(wait * 2, LONGEST);
        this.#set({ kind, problem, next: kind === 'staff' ? null : pause });
        if (kind === 'staff') return;
      }
      await sleep(pause, stop.signal);
    }
  }

  async #askFlow(signal) {
    try {
      this.#heard('flow', await ask('/flow', signal));
    } catch (problem) {
      if (problem.kind !== 'absent') throw problem;
      this.hasFlow = false;
      this.#emit('flow', null);
    }
  }
}

export const live = new Live();

let timer;
document.addEventListener('visibilitychange', () => {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(() => live.pause(), UNSEEN);
  else if (live.status.kind === 'paused') live.start();
});
