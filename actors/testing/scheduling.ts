/**
 * Schedulers of several tenants, the system's, and sessions that come, run for a while and go, on a virtual clock: for
 * tests of what holds at every moment of a long time. Messages take a random while; between two actors they keep their order.
 */

import { usesOf } from '#protocols/admission.ts';
import { assert } from '#protocols/assert.ts';
import type { Effect } from '#protocols/effects.ts';
import type { Message } from '#protocols/envelope.ts';
import { limitOf, type Quota } from '#protocols/quota.ts';
import type { Scheduler } from '#protocols/scheduler.ts';
import type { SystemScheduler } from '#protocols/system-scheduler.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { schedulerKind } from '../scheduler/scheduler.ts';
import { systemSchedulerKind } from '../system-scheduler/system-scheduler.ts';

export interface Arrival {
  readonly id: string;
  readonly priority: Scheduler['waiting'][number]['priority'];
  readonly keys: readonly string[];
  readonly runMs: number;
}

/** A session as it sees itself. */
export interface Sight extends Arrival {
  readonly tenant: string;
  readonly cameMs: number;
  ticket: number;
  state: 'queued' | 'running' | 'ended' | 'refused';
  admittedMs: number | null;
}

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

const HOP_MS_MAX = 50;
const SYSTEM = 'system';

export class Scheduling {
  readonly sessions = new Map<string, Sight>();
  readonly system = new OneActor<SystemScheduler>(systemSchedulerKind, 'capacity');
  /** After each turn and each change of a session. */
  onChange: (() => void) | null = null;
  onAdmitted: ((session: Sight) => void) | null = null;
  nowMs = Date.UTC(2026, 0, 1);
  readonly #tenants = new Map<string, OneActor<Scheduler>>();
  readonly #random: () => number;
  readonly #timers = new Map<string, number>();
  readonly #lastAt = new Map<string, number>();
  readonly #running = new Set<Sight>();
  /** Soonest last. */
  readonly #due: Due[] = [];
  #timersSet = 0;

  constructor(seed: number) {
    this.#random = makeRandom(seed);
  }

  random(): number {
    return this.#random();
  }

  addTenant(name: string, quota: Quota): void {
    const scheduler = new OneActor<Scheduler>(schedulerKind, 'sessions');
    this.#tenants.set(name, scheduler);
    this.#tell(name, { type: 'set_quota', quota }, 'user:anna');
  }

  scheduler(tenant: string): Scheduler {
    const actor = this.#tenants.get(tenant);
    assert(actor, `there is a tenant ${tenant}`);
    return actor.state;
  }

  setCapacity(sessions_running: number, weights: Record<string, number>): void {
    this.#tell(SYSTEM, { type: 'set_capacity', capacity: { sessions_running, weights } }, 'user:anna');
  }

  arrive(tenant: string, arrival: Arrival): void {
    const cameMs = this.nowMs;
    const session: Sight = { ...arrival, tenant, cameMs, ticket: 0, state: 'ended', admittedMs: null };
    this.sessions.set(arrival.id, session);
    this.want(session);
  }

  want(session: Sight): void {
    session.ticket += 1;
    session.state = 'queued';
    const { id: session_id, ticket, priority, keys } = session;
    this.#fromSession(session, { type: 'want', session_id, ticket, priority, keys });
  }

  /** It ends, is cancelled, or is paused. */
  release(session: Sight): void {
    session.state = 'ended';
    this.#running.delete(session);
    this.#fromSession(session, { type: 'release', session_id: session.id, ticket: session.ticket });
    this.onChange?.();
  }

  at(atMs: number, run: () => void): void {
    let at = this.#due.length;
    // Of what is due at the same time, what was planned first comes first.
    for (let due = this.#due[at - 1]; due && due.atMs <= atMs; due = this.#due[at - 1]) at -= 1;
    this.#due.splice(at, 0, { atMs, run });
  }

  /** Until nothing is left before that time. */
  runUntil(untilMs: number): void {
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = untilMs;
  }

  /** Asserts that no quota and no key is passed, by what the schedulers know and by what the sessions do. */
  checkLimits(): void {
    for (const [tenant, { state }] of this.#tenants) {
      const held = Object.keys(state.running);
      assert(held.length <= state.quota.sessions_running, `${tenant}: no more run than the quota says`);
      for (const [key, used] of usesOf(state)) {
        const limit = limitOf(state.quota, key);
        assert(used > 0 && (limit === null || used <= limit), `${tenant}: ${key} is within its limit`);
      }
    }
    for (const { tenant, id } of this.#running) {
      assert(this.scheduler(tenant).running[id], `${id} runs with a slot`);
    }
  }

  #fromSession(session: Sight, message: Message): void {
    const by = `session/${session.tenant}/${session.id}`;
    this.#send(by, session.tenant, () => this.#tell(session.tenant, message, by));
  }

  #tell(target: string, message: Message, by: string): void {
    const actor = target === SYSTEM ? this.system : this.#tenants.get(target);
    assert(actor, `there is a tenant ${target}`);
    actor.nowMs = this.nowMs;
    actor.handle(message, by);
    for (const effect of actor.effects) this.#perform(target, effect);
    this.onChange?.();
  }

  #perform(from: string, effect: Effect): void {
    if (effect.type === 'send') this.#deliver(from, effect);
    if (effect.type === 'schedule') this.#plan(from, effect);
    if (effect.type === 'cancel') this.#timers.delete(`${from} ${effect.key}`);
  }

  #deliver(from: string, { to, message }: Extract<Effect, { type: 'send' }>): void {
    if (to.type === 'registry') return;
    if (to.type === 'session') {
      this.#send(from, to.id, () => this.#tellSession(to.id, message));
    } else if (from === SYSTEM) {
      this.#send(from, to.tenant, () => this.#tell(to.tenant, message, 'system-scheduler/system/capacity'));
    } else {
      this.#send(from, SYSTEM, () => this.#tell(SYSTEM, message, `scheduler/${from}/sessions`));
    }
  }

  #tellSession(id: string, message: Message): void {
    const session = this.sessions.get(id);
    assert(session, `there is a session ${id}`);
    const { ticket } = message;
    if (message.type === 'not_queued') session.state = 'refused';
    if (message.type === 'slot_check' && session.state === 'running' && ticket === session.ticket) {
      this.#fromSession(session, { type: 'holding', session_id: id, ticket });
    }
    if (message.type !== 'admitted') return;
    if (session.state !== 'queued' || ticket !== session.ticket) {
      this.#fromSession(session, { type: 'release', session_id: id, ticket });
      return;
    }
    session.state = 'running';
    this.#running.add(session);
    session.admittedMs = this.nowMs;
    this.onAdmitted?.(session);
    this.at(this.nowMs + session.runMs, () => {
      if (session.state === 'running' && session.ticket === ticket) this.release(session);
    });
    this.onChange?.();
  }

  #plan(from: string, { key, atMs, message }: Extract<Effect, { type: 'schedule' }>): void {
    const name = `${from} ${key}`;
    const order = ++this.#timersSet;
    this.#timers.set(name, order);
    this.at(atMs, () => {
      if (this.#timers.get(name) !== order) return;
      this.#timers.delete(name);
      this.#tell(from, message, 'timer');
    });
  }

  #send(from: string, to: string, run: () => void): void {
    const pair = `${from} ${to}`;
    const atMs = Math.max(this.#lastAt.get(pair) ?? 0, this.nowMs + Math.floor(this.#random() * HOP_MS_MAX));
    this.#lastAt.set(pair, atMs);
    this.at(atMs, run);
  }

  #next(untilMs: number): Due | null {
    const next = this.#due.at(-1);
    if (!next || next.atMs > untilMs) return null;
    this.#due.pop();
    return next;
  }
}

/** Mulberry32: the same numbers for the same seed. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
