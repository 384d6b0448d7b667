/**
 * The line to the orchestrator over HTTP, for agents that cannot reach NATS: the same messages, carried by the gateway.
 *
 * H1. What the agent must be told is polled for, one poll at a time; it is answered at once, and the answer said until
 *     the gateway took it. What is told again meanwhile is answered alike by whoever listens.
 * H2. A poll that is refused after one that was not tells that the lease is lost: over HTTP nobody else would.
 * H3. What is refused is an answer, as over NATS; what did not arrive is a `WireFault`, and is said again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { LEASE_REPLACED, type OutAnswer } from '#protocols/eap/message.ts';
import { Deadline, DeadlinePassed } from './deadline.ts';
import { newHead } from './head.ts';
import type { Logger } from './logger.ts';
import { backoffMs, type Timing } from './timing.ts';
import { type Listener, type Wire, WireFault } from './wire.ts';

export interface HttpWireOptions {
  /** The gateway: `http://host:port`. */
  readonly url: string;
  readonly agent: string;
  readonly token?: string | undefined;
  readonly timing: Timing;
  readonly logger: Logger;
}

const POLL_SECONDS = 20;
const POLL_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 10_000;
/** Between polls that were refused before the agent has joined. */
const REFUSED_PAUSE_MS = 200;

const Problem = z.object({ code: z.string(), detail: z.string(), retryable: z.boolean() });
const Polled = z.object({ messages: z.array(z.looseObject({ id: z.string() })) });
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class HttpWire implements Wire {
  readonly #options: HttpWireOptions;
  readonly #root: string;
  readonly #closing = new AbortController();
  readonly #onUp: (() => void)[] = [];
  readonly #polling = new Set<Promise<void>>();
  /** As the last poll was: nothing else stands between us. */
  #isUp = true;

  constructor(options: HttpWireOptions) {
    this.#options = options;
    this.#root = new URL(`/api/v1/agents/external/${options.agent}/`, options.url).href;
  }

  async ask(
    _subject: string,
    body: Uint8Array,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Uint8Array> {
    const response = await this.#post('out', body, { timeoutMs, signal });
    const text = await response.text();
    return encoder.encode(response.ok ? text : JSON.stringify(toRefusal(response.status, text)));
  }

  tell(_subject: string, body: Uint8Array): void {
    this.#post('heartbeat', body, { timeoutMs: CALL_TIMEOUT_MS, signal: this.#closing.signal }).catch(
      (error: unknown) => this.#options.logger.debug({ err: error }, 'agent heartbeat not said'),
    );
  }

  listen(subject: string, answer: (body: Uint8Array) => Uint8Array): Listener {
    const instance = subject.split('.').at(-2) ?? '';
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#closing.signal]);
    const polling = this.#pollUntilClosed({ instance, answer, signal })
      .catch((error: unknown) => this.#options.logger.error({ err: error }, 'agent stopped polling'))
      .finally(() => this.#polling.delete(polling));
    this.#polling.add(polling);
    return { isClosed: () => signal.aborted, close: () => ended.abort() };
  }

  onReconnect(then: () => void): void {
    this.#onUp.push(then);
  }

  isUp(): boolean {
    return this.#isUp;
  }

  /** Nothing waits here. */
  async flush(): Promise<void> {
    await Promise.resolve();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#polling);
  }

  async #pollUntilClosed(listening: Listening): Promise<void> {
    const { timing, logger } = this.#options;
    let isJoined = false;
    for (let fails = 0; !listening.signal.aborted; ) {
      // After a fault the first poll is not held: that the line is there again shall be known.
      const polled = await this.#poll(listening, fails > 0 ? 0 : POLL_SECONDS).catch((error: unknown) => {
        if (!listening.signal.aborted) logger.warn({ err: error }, 'agent cannot poll');
        return null;
      });
      this.#isUp = polled !== null;
      if (polled === null) {
        await sleep(backoffMs(fails++, timing, Math.random), listening.signal);
        continue;
      }
      if (fails > 0) for (const then of this.#onUp) then();
      fails = 0;
      if ('messages' in polled) {
        isJoined = true;
        for (const message of polled.messages) await this.#pass(listening, message);
      } else {
        if (isJoined) listening.answer(toBytes(leaseLost(polled)));
        isJoined = false;
        await sleep(REFUSED_PAUSE_MS, listening.signal);
      }
    }
  }

  async #poll(
    { instance, signal }: Listening,
    waitSeconds: number,
  ): Promise<z.infer<typeof Polled> | z.infer<typeof Problem>> {
    const query = new URLSearchParams({ instance, wait_seconds: String(waitSeconds) });
    using deadline = new Deadline(POLL_TIMEOUT_MS, signal);
    const response = await this.#fetch(`in?${query}`, { signal: deadline.signal });
    const body: unknown = await response.json();
    if (response.ok) return Polled.parse(body);
    const problem = Problem.parse(body);
    if (problem.retryable) throw new WireFault('other', problem.detail);
    return problem;
  }

  /** Hands it to whoever listens and says the answer. Not said, it is told again at the next poll. */
  async #pass({ instance, answer }: Listening, message: { id: string }): Promise<void> {
    const said: unknown = JSON.parse(decoder.decode(answer(toBytes(message))));
    const body = toBytes({ instance, id: message.id, answer: said });
    try {
      // Also while this closes: it was accepted, and has to be known.
      const { signal } = new AbortController();
      await this.#post('in/answers', body, { timeoutMs: CALL_TIMEOUT_MS, signal });
    } catch (error) {
      this.#options.logger.warn({ err: error, id: message.id }, 'agent answer not said');
    }
  }

  async #post(
    path: string,
    body: Uint8Array,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Response> {
    using deadline = new Deadline(timeoutMs, signal);
    return await this.#fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: decoder.decode(body),
      signal: deadline.signal,
    });
  }

  async #fetch(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    const { token } = this.#options;
    const headers = { ...init.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    try {
      return await fetch(this.#root + path, { ...init, headers });
    } catch (error) {
      if (init.signal.reason instanceof DeadlinePassed)
        throw new WireFault('timeout', 'no answer in time', error);
      if (init.signal.aborted) throw new WireFault('aborted', 'taken back', error);
      throw new WireFault('disconnected', 'the gateway cannot be reached', error);
    }
  }
}

interface Listening {
  readonly instance: string;
  readonly answer: (body: Uint8Array) => Uint8Array;
  readonly signal: AbortSignal;
}

function leaseLost({ code, detail }: z.infer<typeof Problem>) {
  const reason = code === 'STALE_EPOCH' ? LEASE_REPLACED : detail;
  return { ...newHead(), kind: 'lease_lost', reason };
}

/** A refusal as the protocol has it. An answer that is none of the gateway's is worth another try. */
function toRefusal(status: number, text: string): OutAnswer {
  const parsed = Problem.safeParse(parseJson(text));
  const error = parsed.success
    ? { code: parsed.data.code, message: parsed.data.detail, retryable: parsed.data.retryable }
    : { code: 'AGENT_UNAVAILABLE', message: `answered ${status}`, retryable: true };
  return { ok: false, error };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Something between here and the gateway answered.
    return null;
  }
}

function toBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
