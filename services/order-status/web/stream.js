// Server-sent events over fetch, so that the token can go along.
// The format: https://html.spec.whatwg.org/multipage/server-sent-events.html

import { headers, Problem, send } from './api.js';

const SHORTEST = 500;
const LONGEST = 10_000;
/** The server says something every 15 s: one that is quiet for longer is gone. */
const QUIET = 40_000;

/**
 * Follows a stream of events, over and over: `heard.event(name, data)` for each, `heard.open()` once it answers,
 * `heard.trouble(problem, ms)` when it does not, with the time until the next attempt (`null`: there is none),
 * `heard.end()` when there will be no more. Returns what stops it.
 */
export function follow(path, heard) {
  const stop = new AbortController();
  run(path, heard, stop.signal);
  return () => stop.abort();
}

async function run(path, heard, stopped) {
  let last = null;
  let wait = SHORTEST;
  while (!stopped.aborted) {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), QUIET);
    let problem = new Problem(0, {});
    try {
      const more = last ? { 'last-event-id': last } : {};
      const signal = AbortSignal.any([stopped, quiet.signal]);
      const response = await send(path, { headers: headers({ accept: 'text/event-stream', ...more }), signal });
      if (response.status === 204) return heard.end?.();
      heard.open?.();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new Parser((event) => {
        last = event.id ?? last;
        heard.event(event.name, event.data);
      });
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), QUIET);
        wait = SHORTEST;
        parser.take(value);
      }
      problem = null; // it has ended well: come back at once
    } catch (error) {
      if (error instanceof Problem) problem = error;
    } finally {
      clearTimeout(timer);
    }
    if (stopped.aborted) return;
    const forGood = problem && (problem.kind === 'staff' || problem.kind === 'absent' || problem.kind === 'refused');
    const pause = wait * (0.75 + Math.random() / 2);
    if (problem) heard.trouble?.(problem, forGood ? null : pause);
    if (forGood) return;
    await sleep(pause, stopped);
    wait = Math.min(wait * 2, LONGEST);
  }
}

/** Waits; less where it is stopped. */
export function sleep(ms, stopped) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stopped?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Puts lines together to events. */
export class Parser {
  #rest = '';
  #event = {};
  #data = [];
  #told;

  constructor(told) {
    this.#told = told;
  }

  /** The next piece of text, cut anywhere. */
  take(text) {
    // A lone carriage return at the end may be the first half of a line's end.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === '') return this.#dispatch();
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event.name = value;
    else if (name === 'id' && !value.includes('\0')) this.#event.id = value;
  }

  #dispatch() {
    const { name = 'message', id } = this.#event;
    const data = this.#data.join('\n');
    const any = this.#data.length > 0;
    this.#event = {};
    this.#data = [];
    if (!any) return;
    try {
      this.#told({ name, id, data: JSON.parse(data) });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // not JSON: not meant for this page
    }
  }
}
