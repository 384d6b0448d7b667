/** The lock actor of one tenant, for tests: asks in a line, time that moves, and the timer that the runtime keeps. */
import type { Failure } from '#protocols/failure.ts';
import { LOCKS_ID, LockAnswer, type LockTable } from '#protocols/lock.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { lockKind } from '../lock/lock.ts';

export class Locks {
  readonly actor = new OneActor<LockTable>(lockKind, LOCKS_ID);
  timerAtMs: number | null = null;

  /** Sends a message, and keeps the timer that it sets. */
  say(message: { type: string; [field: string]: unknown }, by = 'user:anna'): this {
    this.actor.handle(message, by);
    for (const { atMs } of this.actor.of('schedule')) this.timerAtMs = atMs;
    return this;
  }

  acquire(name: string, owner: string, extra: Record<string, unknown> = {}): this {
    return this.say({ type: 'acquire', name, owner, wait_ms: 60_000, ttl_ms: 30_000, ...extra });
  }

  release(name: string, owner: string, meant: { token?: number; request_id?: string }): this {
    return this.say({ type: 'release', name, owner, ...meant });
  }

  /** Moves the clock; the timer goes off where it is due. */
  advance(ms: number): this {
    const untilMs = this.actor.nowMs + ms;
    while (this.timerAtMs !== null && this.timerAtMs <= untilMs) {
      this.actor.nowMs = Math.max(this.actor.nowMs, this.timerAtMs);
      this.timerAtMs = null;
      this.say({ type: 'run_out' }, 'timer');
    }
    this.actor.nowMs = untilMs;
    return this;
  }

  get answer(): LockAnswer {
    return LockAnswer.parse(this.actor.value);
  }

  get failure(): Failure | undefined {
    return this.actor.failure;
  }

  get events(): string[] {
    return this.actor.of('emit').map(({ name, payload }) => `${name} ${payload.name} ${payload.owner}`);
  }

  /** `name owner token`, of all that are held. */
  get held(): string[] {
    return this.actor.state.holds.map(({ name, owner, token }) => `${name} ${owner} ${token}`);
  }

  get waiting(): string[] {
    return this.actor.state.waits.map(({ name, owner }) => `${name} ${owner}`);
  }

  /** What actors were told. */
  get told(): string[] {
    return this.actor.of('send').map(({ to, message }) => `${to.type}/${to.id} ${message.type}`);
  }
}
