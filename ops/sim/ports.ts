/**
 * The ports as one process has them: the servers behind a network that delays, loses, doubles and reorders.
 *
 * W3. A call is carried out at the server at its own time, whatever became of the caller meanwhile.
 */

import { z } from 'zod';
import type { FailureCode, Reply } from '#protocols/failure.ts';
import type { Lane } from '#protocols/subjects.ts';
import type { Delivery, Entry, JournalPage, Log, Reader, ReaderOptions } from '#runtime/log.ts';
import type { Remote } from '#runtime/remote.ts';
import { EVENT_TARGET } from '#runtime/store.ts';
import { TENANT } from './kinds.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

const Question = z.object({ op: z.string() });
const STATEMENT_TIMEOUT_MS = 10_000;
const PUBLISH_TIMEOUT_MS = 5_000;
const LATE_MS = { least: 1_000, most: 15_000 } as const;

/** The store over the network: every method of `server` with delays and faults. */
export function storeOver<Port extends object>(world: World, process: SimProcess, server: Port): Port {
  return new Proxy(server, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...values: unknown[]) => {
        const run = () => Reflect.apply(method, target, values) as Promise<unknown>;
        return callStore({ world, process, name: String(name), run });
      };
    },
  });
}

interface StoreCall {
  readonly world: World;
  readonly process: SimProcess;
  readonly name: string;
  run(): Promise<unknown>;
}

async function callStore({ world, process, name, run }: StoreCall): Promise<unknown> {
  const { random, clock } = world;
  const isSlow = clock.now() < world.storeSlowUntilMs;
  const delayMs = isSlow ? random.between(20, 1_500) : random.between(0, 4);
  const fault = drawStoreFault(world);
  await clock.sleep(delayMs);
  if (process.isPaused && random.chance(0.5)) await process.enter();
  if (clock.now() < Math.max(world.storeAwayUntilMs, process.storeCutUntilMs) || fault === 'failed') {
    await process.enter();
    throw new Error(`${name}: the store is away`);
  }
  if (fault === 'late') {
    world.count('store late');
    clock.after(random.between(LATE_MS.least, LATE_MS.most), () => void run().catch(() => undefined));
    await clock.sleep(random.between(10, STATEMENT_TIMEOUT_MS));
    await process.enter();
    throw new Error(`${name}: no answer from the store`);
  }
  const result = await run();
  await clock.sleep(random.between(0, 4));
  if (fault === 'unknown') world.count('store unknown');
  await process.enter();
  if (fault === 'unknown') throw new Error(`${name}: the connection broke`);
  return result;
}

function drawStoreFault({ random, rates }: World): 'failed' | 'unknown' | 'late' | null {
  const roll = random.next();
  if (roll < rates.storeFailed) return 'failed';
  if (roll < rates.storeFailed + rates.storeUnknown) return 'unknown';
  return roll < rates.storeFailed + rates.storeUnknown + rates.storeLate ? 'late' : null;
}

/** The log over the network. What one process publishes arrives in order, but for what is reordered. */
export class LogOver implements Log {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #server: Log;
  readonly #readers = new Set<Reader>();
  #arrivedMs = 0;

  constructor(world: World, process: SimProcess, server: Log) {
    this.#world = world;
    this.#process = process;
    this.#server = server;
  }

  async read(options: ReaderOptions): Promise<Reader> {
    const { random, clock } = this.#world;
    await clock.sleep(random.between(1, 6));
    await this.#process.enter();
    if (this.#isAway()) throw new Error('the log is away');
    const inner = await this.#server.read(this.#through(options));
    this.#readers.add(inner);
    return {
      get pending() {
        return inner.pending;
      },
      stop: async () => {
        const isSlow = random.chance(this.#world.rates.readerStopSlow);
        const stopped = inner.stop();
        await clock.sleep(isSlow ? random.between(500, 5_000) : random.between(1, 4));
        await stopped;
        await this.#process.enter();
      },
    };
  }

  async publish(entry: Entry): Promise<void> {
    this.#checkCommitted(entry);
    const { random, clock, rates } = this.#world;
    const isReordered = random.chance(rates.publishReordered);
    const own = clock.now() + random.between(1, 4) + (isReordered ? random.between(5, 50) : 0);
    const atMs = isReordered ? own : Math.max(own, this.#arrivedMs);
    if (!isReordered) this.#arrivedMs = atMs;
    const roll = random.next();
    const lost = rates.publishLost;
    const unanswered = lost + rates.publishUnanswered;
    await clock.sleep(atMs - clock.now());
    if (this.#process.isPaused && random.chance(0.5)) await this.#process.enter();
    if (this.#isAway() || roll < lost) return this.#timeOut('publish lost');
    if (roll < unanswered) {
      await this.#server.publish(entry);
      return this.#timeOut('publish unanswered');
    }
    if (roll < unanswered + rates.publishLate) {
      clock.after(random.between(LATE_MS.least, LATE_MS.most), () => void this.#server.publish(entry));
      return this.#timeOut('publish late');
    }
    await this.#server.publish(entry);
    if (random.chance(rates.publishTwice)) this.#publishAgain(entry);
    await clock.sleep(random.between(0, 3));
    await this.#process.enter();
  }

  async journal(page: JournalPage): Promise<Delivery[]> {
    await this.#world.clock.sleep(this.#world.random.between(1, 4));
    await this.#process.enter();
    if (this.#isAway()) throw new Error('the log is away');
    return this.#server.journal(page);
  }

  async trim(...place: Parameters<Log['trim']>): Promise<void> {
    this.#checkApplied(...place);
    await this.#world.clock.sleep(this.#world.random.between(1, 4));
    if (this.#isAway()) throw new Error('the log is away');
    await this.#server.trim(...place);
    await this.#process.enter();
  }

  /** The server drops the consumers of a process that died. */
  async close(): Promise<void> {
    for (const reader of this.#readers) void reader.stop();
  }

  #through(options: ReaderOptions): ReaderOptions {
    const { random, clock } = this.#world;
    return {
      ...options,
      onDelivery: async (delivery) => {
        if (random.chance(0.3)) await clock.sleep(random.between(0, 3));
        await this.#process.enter();
        await options.onDelivery(delivery);
      },
      onCaughtUp: () => void this.#process.enter().then(() => options.onCaughtUp()),
      onBroken: (reason) => {
        this.#world.count('broken readers');
        void this.#process.enter().then(() => options.onBroken(reason));
      },
    };
  }

  #publishAgain(entry: Entry): void {
    const { random, clock } = this.#world;
    this.#world.count('publish twice');
    const again = { ...entry, id: `${entry.id}~${clock.now()}` };
    clock.after(random.between(1, LATE_MS.most), () => void this.#server.publish(again));
  }

  async #timeOut(what: string): Promise<void> {
    this.#world.count(what);
    await this.#world.clock.sleep(PUBLISH_TIMEOUT_MS);
    await this.#process.enter();
    throw new Error('the log did not answer');
  }

  #isAway(): boolean {
    return this.#world.clock.now() < this.#world.logAwayUntilMs;
  }

  /** An owner may take away only what is committed. */
  #checkApplied(lane: Lane, partition: number, seq: number): void {
    this.#world.count('trims');
    const row = this.#world.store.partition(partition);
    const cursor = (lane === 'data' ? row?.cursor : row?.controlCursor)?.seq ?? 0;
    if (seq > cursor && row?.owner === this.#process.name)
      this.#world.violated(`trim: p${partition} ${lane} before ${seq}, it is applied to ${cursor}`);
  }

  /** I6: an effect or event leaves only after the commit that used its number. */
  #checkCommitted(entry: Entry): void {
    const parts = /^e\.(\d+)\.(-?\d+)\.(data|control|event)\.(\d+)/.exec(entry.id);
    if (!parts) return;
    const [, source, target, lane] = parts;
    const committed = this.#world.store.committedNumber(Number(source), Number(target), lane ?? '');
    if (Number(parts[4]) <= committed) return;
    const kind = Number(target) === EVENT_TARGET ? 'event' : 'effect';
    this.#world.violated(`early: ${kind} ${entry.id} left before its commit`);
  }
}

/** Callers and agents over the network: answers come late, twice or never. */
export function remoteOver(world: World, process: SimProcess, server: Remote): Remote {
  const { random, clock } = world;
  return {
    async request(subject, body, timeoutMs) {
      const { op } = Question.parse(body);
      if (!world.store.isKnown({ tenant: TENANT, key: op })) {
        world.violated(`early: ${op} was asked before its commit`);
      }
      world.count('requests');
      if (random.chance(world.rates.answerLost)) {
        await clock.sleep(timeoutMs);
        await process.enter();
        return null;
      }
      await clock.sleep(random.between(1, timeoutMs / 2));
      const answer = await server.request(subject, body, timeoutMs);
      await process.enter();
      return answer;
    },
    serve: (answer) => server.serve(answer),
    answer(replyTo, key, reply) {
      checkAnswer(world, key, reply);
      if (random.chance(world.rates.answerLost)) return world.count('answer lost');
      const times = random.chance(world.rates.answerLost) ? 2 : 1;
      for (let time = 0; time < times; time++) {
        clock.after(random.between(0, 20) * (time + 1), () => server.answer(replyTo, key, reply));
      }
    },
    onHeartbeat: (listener) => server.onHeartbeat(listener),
    stop: () => server.stop(),
  };
}

/** Refusals that leave the key as it is. */
const NOT_KEPT: ReadonlySet<FailureCode> = new Set([
  'IDEMPOTENCY_KEY_REUSED',
  'DEADLINE_EXCEEDED',
  'ACTOR_SUSPENDED',
]);

/** I6: a caller is answered only what is committed. */
function checkAnswer(world: World, key: string, reply: Reply): void {
  if (!reply.ok && NOT_KEPT.has(reply.failure.code)) return;
  if (!world.store.isKnown({ tenant: TENANT, key })) {
    world.violated(`early: ${key} was answered before its commit`);
  }
}
