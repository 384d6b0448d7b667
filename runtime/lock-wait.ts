/**
 * Asking for a lock and staying until it is there: for callers that can be held on to, as HTTP and agents.
 *
 * W1. What is answered is what the lock actor said of this request last. Events only say when to look.
 * W2. While the caller is held on to, the request is said again before the actor takes its silence for its death; a
 *     grant is said again too, and has its whole lease from then on.
 * W3. It ends: with an answer other than `waiting`, or when its time is over.
 */
import { randomUUID } from 'node:crypto';
import type { Address } from '#protocols/address.ts';
import type { EventRecord } from '#protocols/events.ts';
import type { Reply } from '#protocols/failure.ts';
import { LockAnswer, LockTable } from '#protocols/lock.ts';
import { findRequest } from '#protocols/lock-view.ts';
import type { Command, StoredActor } from './client.ts';
import type { Clock } from './clock.ts';

/** How often the table is looked at where no event says that it changed. */
const LOOK_EVERY_MS = 1_000;
const SAY_AGAIN_MS = 2_500;

export interface LockWaitHost {
  readonly clock: Clock;
  ask(command: Command): Promise<Reply>;
  get(address: Address): Promise<StoredActor | null>;
  /** Events of the tenant's lock actor as they pass; some may be missed. Returns what ends it. */
  hearLocks(tenant: string, onEvent: (record: EventRecord) => void): () => void;
}

type Waiting = Extract<LockAnswer, { state: 'waiting' }>;

/** `command` is an acquire that names its request; waits at most `withinMs` beside the time that its answers take. */
export async function acquireLock(host: LockWaitHost, command: Command, withinMs: number): Promise<Reply> {
  const { clock } = host;
  const untilMs = clock.now() + withinMs;
  const bell = new Bell(clock, command.message.request_id);
  const stopHearing = host.hearLocks(command.to.tenant, (record) => bell.hear(record));
  try {
    let reply = await host.ask(command);
    let saidAtMs = clock.now();
    for (let waiting = waitingOf(reply); waiting; waiting = waitingOf(reply)) {
      const found = await look(host, command.to, waiting);
      const isOver = clock.now() >= untilMs;
      const isToSay = found?.state !== 'waiting' || clock.now() - saidAtMs >= SAY_AGAIN_MS;
      if (isToSay) {
        reply = await host.ask({ ...command, key: randomUUID(), isNewKey: true });
        saidAtMs = clock.now();
      } else reply = { ok: true, value: found };
      if (isOver || !waitingOf(reply)) return reply;
      await bell.wait(Math.min(LOOK_EVERY_MS, untilMs - clock.now()));
    }
    return reply;
  } finally {
    stopHearing();
  }
}

function waitingOf(reply: Reply): Waiting | null {
  const answer = reply.ok ? LockAnswer.safeParse(reply.value) : null;
  return answer?.success && answer.data.state === 'waiting' ? answer.data : null;
}

async function look(host: LockWaitHost, to: Address, waiting: Waiting): Promise<LockAnswer | null> {
  const stored = await host.get(to);
  const table = LockTable.safeParse(stored?.state);
  // Its time is the actor's: what is over for a clock here is over when the actor says so.
  return table.success ? findRequest(table.data, waiting, table.data.clock_ms) : null;
}

/** Rings when an event names the request; also for one that came before anybody waited. */
class Bell {
  readonly #clock: Clock;
  readonly #requestId: unknown;
  #rung = Promise.withResolvers<void>();

  constructor(clock: Clock, requestId: unknown) {
    this.#clock = clock;
    this.#requestId = requestId;
  }

  hear({ payload }: EventRecord): void {
    if (payload.request_id === this.#requestId) this.#rung.resolve();
  }

  async wait(ms: number): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#rung.promise, this.#clock.sleep(Math.max(0, ms), over.signal)]);
    over.abort();
    this.#rung = Promise.withResolvers();
  }
}
