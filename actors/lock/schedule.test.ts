/**
 * Many owners and few names under a schedule that a seed makes: requests, repeats, releases that overtake, breaks,
 * holders that vanish, times that go backwards between the lanes. A small model, kept from events alone, is asked after
 * each turn whether that was right. A failure names its seed.
 */
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { EventRecord } from '#protocols/events.ts';
import { type LockTable, type LockWait, lockQueue, waitEndMs } from '#protocols/lock.ts';
import { isForward, type LockEntry, toLockEntry } from '#protocols/lock-mirror.ts';
import { hash32 } from '#protocols/partition.ts';
import { Locks } from '../testing/named-locks.ts';
import { lockKind } from './lock.ts';

const SEEDS = 60;
const STEPS = 200;
const NAMES = ['n-1', 'n-2', 'n-3', 'n-4'];
/** The last one may come to its end: from then on it gets nothing. */
const MORTAL = 'm';
const OWNERS = ['a', 'b', 'c', 'd', 'e', 'f', MORTAL];
const PRIORITIES = ['high', 'normal', 'low'] as const;

const LockEvent = z.object({
  name: z.string(),
  owner: z.string(),
  token: z.number().default(0),
  request_id: z.string().optional(),
  expires_at: z.string().optional(),
});

interface Holder {
  readonly owner: string;
  readonly token: number;
  endsMs: number;
}

class Schedule {
  readonly locks = new Locks();
  readonly holders = new Map<string, Holder>();
  readonly events: EventRecord[] = [];
  readonly seen = new Set<string>();
  readonly #seed: string;
  #draws = 0;
  #requests = 0;
  #lastToken = 0;
  #before: LockTable | null = null;
  #isMortalDead = false;

  constructor(seed: string) {
    this.#seed = seed;
  }

  draw(below: number): number {
    return hash32(`${this.#seed}/${this.#draws++}`) % below;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.draw(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) this.#step();
    this.#drain();
  }

  #step(): void {
    const { actor } = this.locks;
    const what = this.draw(100);
    if (what < 45) this.#acquire();
    else if (what < 60) this.#renew();
    else if (what < 75) this.#release();
    else if (what < 82) this.#withdraw();
    else if (what < 87) this.#break();
    else if (what < 88) {
      this.#say({ type: 'owner_ended', owner: MORTAL });
      this.#isMortalDead = true;
    } else if (what < 95) this.#letTimePass(this.draw(4_000));
    else {
      // A message of the slower lane: older than what was handled before it.
      const nowMs = actor.nowMs;
      actor.nowMs -= this.draw(3_000);
      this.#acquire();
      actor.nowMs = nowMs;
    }
  }

  #acquire(): void {
    const name = this.pick(NAMES);
    const owner = this.pick(OWNERS);
    const repeats = this.#requests > 0 && this.draw(5) === 0;
    const request_id = `r-${repeats ? this.draw(this.#requests) : this.#requests++}`;
    const ttl_ms = 1_000 + this.draw(8_000);
    const wait_ms = this.draw(4) === 0 ? 0 : this.draw(12_000);
    const priority = this.pick(PRIORITIES);
    const mortal = this.draw(3) === 0 ? { silent_ms: 1_000 + this.draw(4_000) } : {};
    this.#say({ type: 'acquire', name, owner, request_id, ttl_ms, wait_ms, priority, ...mortal });
  }

  #renew(): void {
    const hold = this.#anyHold();
    if (hold) this.#say({ type: 'renew', ...hold, ttl_ms: 1_000 + this.draw(8_000) });
  }

  #release(): void {
    const hold = this.#anyHold();
    if (hold) this.#say({ type: 'release', ...hold });
  }

  #withdraw(): void {
    const wait = this.#before?.waits.at(this.draw(10));
    // Sometimes one that has not come yet.
    const meant = wait ?? {
      name: this.pick(NAMES),
      owner: this.pick(OWNERS),
      request_id: `r-${this.#requests}`,
    };
    const { name, owner, request_id } = meant;
    this.#say({ type: 'release', name, owner, request_id });
  }

  #break(): void {
    const hold = this.#anyHold();
    if (hold) this.#say({ type: 'break', name: hold.name, token: hold.token, reason: 'test' });
  }

  /** The timer comes when it is due, or late: then the next message finds what is over. */
  #letTimePass(ms: number): void {
    const { locks } = this;
    locks.actor.nowMs += ms;
    if (locks.timerAtMs === null || locks.timerAtMs > locks.actor.nowMs || this.draw(3) === 0) return;
    locks.timerAtMs = null;
    this.#say({ type: 'run_out' });
  }

  /** A hold, sometimes with an old token or a wrong owner. */
  #anyHold(): { name: string; owner: string; token: number } | null {
    const holds = this.#before?.holds ?? [];
    if (holds.length === 0) return null;
    const { name, owner, token } = this.pick(holds);
    const kind = this.draw(6);
    if (kind === 0) return { name, owner, token: Math.max(1, token - 1) };
    return kind === 1 ? { name, owner: this.pick(OWNERS), token } : { name, owner, token };
  }

  #say(message: { type: string; [field: string]: unknown }): void {
    const { locks } = this;
    locks.say(message);
    if (!locks.actor.isThere) return;
    const { state } = locks.actor;
    const atMs = Math.max(this.#before?.clock_ms ?? 0, locks.actor.nowMs);
    this.#checkEvents(atMs);
    this.#checkState(state, atMs);
    this.#checkRefusal(message, atMs);
    this.#before = state;
  }

  #checkEvents(atMs: number): void {
    const waits = [...(this.#before?.waits ?? [])];
    for (const { name: event, payload } of this.locks.actor.of('emit')) {
      this.seen.add(event);
      this.events.push(this.#record(event, payload));
      const { name, owner, token, request_id, expires_at } = LockEvent.parse(payload);
      const isIts = (wait: LockWait) =>
        wait.name === name && wait.owner === owner && wait.request_id === request_id;
      const holder = this.holders.get(name);
      const endsMs = Date.parse(expires_at ?? '');
      if (event === 'granted') {
        expect(holder, 'never two holders').toBeUndefined();
        if (this.#isMortalDead) expect(owner, 'who is over gets nothing').not.toBe(MORTAL);
        expect(token, 'tokens strictly grow').toBeGreaterThan(this.#lastToken);
        this.#lastToken = token;
        this.#checkTurn(waits, { name, owner });
        this.holders.set(name, { owner, token, endsMs });
      }
      if (event === 'renewed' && holder) holder.endsMs = endsMs;
      if (event === 'expired') expect(holder?.endsMs, 'no lease ends early').toBeLessThanOrEqual(atMs);
      if (event === 'wait_timed_out') {
        expect(waits.find(isIts)?.until_ms, 'no wait ends early').toBeLessThanOrEqual(atMs);
      }
      if (event === 'fell_silent') {
        expect(waits.find(isIts)?.silent_until_ms, 'no place is lost early').toBeLessThanOrEqual(atMs);
      }
      if (['released', 'expired', 'broken', 'owner_ended'].includes(event)) {
        expect({ owner: holder?.owner, token: holder?.token }, 'who ends it held it').toEqual({
          owner,
          token,
        });
        this.holders.delete(name);
      }
      const place = waits.findIndex(isIts);
      if (place >= 0) waits.splice(place, 1);
    }
  }

  /** Whoever is granted a lock that others waited for was the first of them. */
  #checkTurn(waits: readonly LockWait[], granted: { name: string; owner: string }): void {
    const queue = waits.filter((wait) => wait.name === granted.name);
    const best = Math.min(...queue.map(({ priority }) => PRIORITIES.indexOf(priority as 'high')));
    const first = queue.find(({ priority }) => PRIORITIES.indexOf(priority as 'high') === best);
    if (first) expect(granted.owner, 'first come, first served').toBe(first.owner);
  }

  #checkState(state: LockTable, atMs: number): void {
    const held = Object.fromEntries(state.holds.map(({ name, owner, token }) => [name, `${owner} ${token}`]));
    const model = [...this.holders].map(([name, { owner, token }]) => [name, `${owner} ${token}`]);
    expect(held, 'the events tell who holds what').toEqual(Object.fromEntries(model));
    expect(new Set(state.holds.map(({ name }) => name)).size).toBe(state.holds.length);
    for (const { name } of state.waits) expect(held[name], 'nobody waits for a free lock').toBeDefined();
    for (const { ends_ms, requests } of state.holds) {
      if (state !== this.#before) expect(ends_ms, 'no lease is overdue').toBeGreaterThan(atMs);
      expect(requests.length).toBeGreaterThan(0);
    }
    expect(hasCycle(state), 'the graph of waits has no circle').toBe(false);
    const timer = this.locks.timerAtMs ?? Number.POSITIVE_INFINITY;
    const ends = [...state.holds.map(({ ends_ms }) => ends_ms), ...state.waits.map(waitEndMs)];
    for (const end of ends) expect(timer, 'a timer will come').toBeLessThanOrEqual(end);
    const read = lockKind.readState(JSON.parse(JSON.stringify(state)), lockKind.stateVersion);
    expect(read, 'the state survives JSON').toEqual(state);
  }

  /** Refused for a deadlock is only who would have made one. */
  #checkRefusal(message: Record<string, unknown>, atMs: number): void {
    if (this.locks.failure?.code !== 'DEADLOCK_DETECTED') return;
    const { name, owner, request_id, priority } = message as unknown as LockWait;
    const asked = {
      name,
      owner,
      request_id,
      priority,
      tell: null,
      ttl_ms: 1_000,
      since_ms: atMs,
      until_ms: atMs,
    };
    const { state } = this.locks.actor;
    expect(hasCycle({ ...state, waits: [...state.waits, asked] }), 'there would be a circle').toBe(true);
    expect(this.locks.failure.cycle?.at(0)).toBe(owner);
    expect(this.locks.failure.cycle?.at(-1)).toBe(owner);
  }

  /** All who hold let go until nothing is held: all who waited must have had their turn. */
  #drain(): void {
    // Nothing may end by time meanwhile: what remains must end by releases alone.
    const waiting = (this.#before?.waits ?? []).map(({ name, owner }) => `${name} ${owner}`);
    const served = new Set<string>();
    for (let round = 0; this.holders.size > 0; round++) {
      expect(round, 'it comes to an end').toBeLessThan(1_000);
      const [first] = this.locks.actor.state.holds;
      if (!first) break;
      this.#say({ type: 'release', name: first.name, owner: first.owner, token: first.token });
      for (const { name, payload } of this.locks.actor.of('emit')) {
        if (['granted', 'wait_timed_out', 'fell_silent'].includes(name))
          served.add(`${payload.name} ${payload.owner}`);
      }
    }
    expect(this.locks.actor.isThere ? this.locks.waiting : []).toEqual([]);
    for (const one of waiting) expect(served, 'nobody starves').toContain(one);
  }

  #record(name: string, payload: Record<string, unknown>): EventRecord {
    const at = new Date(this.locks.actor.nowMs).toISOString();
    const id = `e-${this.events.length}`;
    return { id, address: 'lock/dev/locks', name, version: 1, at, cause: 'm', root: 'm', payload };
  }
}

/** Holders and queues as a graph of owners, taken apart owner by owner: who has nobody to wait for can go on. */
function hasCycle({ holds, waits }: LockTable): boolean {
  const blockers = new Map<string, Set<string>>();
  for (const { name, owner } of holds) {
    const line = [owner, ...lockQueue(waits, name).map((wait) => wait.owner)];
    for (const [place, one] of line.entries()) {
      const own = blockers.get(one) ?? new Set();
      for (const before of line.slice(0, place)) own.add(before);
      blockers.set(one, own);
    }
  }
  for (let size = -1; size !== blockers.size; ) {
    size = blockers.size;
    for (const [owner, before] of blockers) {
      if ([...before].every((one) => !blockers.has(one))) blockers.delete(owner);
    }
  }
  return blockers.size > 0;
}

function mirror(events: readonly EventRecord[]): Record<string, LockEntry> {
  const entries = new Map<string, LockEntry>();
  for (const event of events) {
    const next = toLockEntry(event);
    if (next && isForward(entries.get(next.key) ?? null, next.entry)) entries.set(next.key, next.entry);
  }
  return Object.fromEntries([...entries].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function stateOf(entries: Record<string, LockEntry>): string[] {
  return Object.entries(entries).map(([key, { state, token, owner, expires_at }]) =>
    [key, state, token, owner, expires_at].join(' '),
  );
}

test('whatever is asked in whatever order, no lock has two holders, nobody starves and no deadlock comes about', () => {
  const seen = new Set<string>();

  for (let seed = 0; seed < SEEDS; seed++) {
    const schedule = new Schedule(`locks-${seed}`);
    try {
      schedule.run();
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
    for (const event of schedule.seen) seen.add(event);
  }

  // A schedule that never gets to something proves nothing of it.
  expect([...seen].sort()).toEqual([
    'broken',
    'deadlock_refused',
    'expired',
    'fell_silent',
    'granted',
    'owner_ended',
    'released',
    'renewed',
    'wait_timed_out',
    'waiting',
    'withdrawn',
  ]);
}, 60_000);

test('the mirror of the locks is the same for events in order, twice, and mixed up', () => {
  for (let seed = 0; seed < 20; seed++) {
    const schedule = new Schedule(`mirror-${seed}`);
    schedule.run();
    const mixed = schedule.events.toSorted((one, other) => hash32(one.id) - hash32(other.id));

    const inOrder = stateOf(mirror(schedule.events));

    expect(stateOf(mirror([...schedule.events, ...schedule.events])), `seed ${seed}`).toEqual(inOrder);
    expect(stateOf(mirror(mixed)), `seed ${seed}`).toEqual(inOrder);
    expect(inOrder.filter((entry) => entry.includes(' held '))).toEqual([]);
  }
}, 60_000);
