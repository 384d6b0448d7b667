/**
 * Users of named locks. Each asks, waits for its turn, writes its token to the register that the lock guards, and lets
 * go; some die while they hold it, and some sleep past their lease and write then, which the register must refuse.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type postgres from 'postgres';
import { LOCKS_ID, LockAnswer } from '#protocols/lock.ts';
import type { Client } from '#runtime/client.ts';
import type { Random } from '#runtime/testing/random.ts';
import { call } from './caller.ts';
import type { History, Operation } from './history.ts';
import { TENANT } from './kinds.ts';
import { writeRegister } from './register.ts';

export interface LockUsersOptions {
  readonly client: Client;
  readonly history: History;
  readonly random: Random;
  readonly sql: postgres.Sql;
}

const USERS = 6;
const NAMES = ['press', 'crane'] as const;
const TTL_MS = 3_000;
const WAIT_MS = 12_000;
const HOLD_MAX_MS = 600;
const POLL_MS = 250;
const PAUSE_MS = 300;
const TIMEOUT_MS = 8_000;
const LOCKS = { type: 'lock', tenant: TENANT, id: LOCKS_ID };

interface Try {
  readonly name: string;
  readonly owner: string;
  readonly request: string;
}

export class LockUsers {
  readonly #options: LockUsersOptions;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #number = 0;

  constructor(options: LockUsersOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = Promise.all(Array.from({ length: USERS }, (_, index) => this.#use(`user-${index}`)));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  get #isOver(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #use(user: string): Promise<void> {
    const { random } = this.#options;
    while (!this.#isOver) {
      // Each try is another owner: one that died does not come back under its old name and enter again.
      const number = ++this.#number;
      const one = { name: random.pick(NAMES), owner: `${user}.${number}`, request: `r-${number}` };
      const granted = await this.#acquire(one);
      if (granted) await this.#hold(one, granted.token);
      await sleep(PAUSE_MS);
    }
  }

  async #acquire(one: Try): Promise<Extract<LockAnswer, { state: 'granted' }> | null> {
    const untilMs = performance.now() + WAIT_MS + TTL_MS;
    while (performance.now() < untilMs) {
      const { outcome, answer } = await this.#ask('acquire', one, {
        type: 'acquire',
        name: one.name,
        owner: one.owner,
        request_id: one.request,
        ttl_ms: TTL_MS,
        wait_ms: WAIT_MS,
      });
      if (outcome === 'fail') return null;
      const parsed = LockAnswer.safeParse(answer);
      if (parsed.data?.state === 'granted') return parsed.data;
      if (parsed.data?.state === 'gone') return null;
      await sleep(POLL_MS);
    }
    return null;
  }

  async #hold(one: Try, token: number): Promise<void> {
    const { random } = this.#options;
    await this.#write(one, token);
    const fate = random.next();
    if (fate < 0.15) return;
    if (fate < 0.3) {
      await sleep(TTL_MS * 1.5);
      await this.#write(one, token);
      return;
    }
    await sleep(random.below(HOLD_MAX_MS));
    await this.#write(one, token);
    await this.#ask('release', one, { type: 'release', name: one.name, owner: one.owner, token });
  }

  #ask(
    act: 'acquire' | 'release',
    { owner, name, request }: Try,
    message: { type: string; [field: string]: string | number },
  ): Promise<Operation> {
    const { client, history } = this.#options;
    return call(client, history, {
      process: owner,
      act,
      to: LOCKS,
      message,
      asked: { name, owner, request },
      op: `${act}-${request}-${performance.now().toFixed(1)}`,
      lane: act === 'acquire' ? 'data' : 'control',
      timeoutMs: TIMEOUT_MS,
    });
  }

  async #write({ owner, name, request }: Try, token: number): Promise<void> {
    const { history, sql } = this.#options;
    const op = `write-${request}-${performance.now().toFixed(1)}`;
    const operation = history.invoke({
      op,
      process: owner,
      act: 'write',
      target: name,
      asked: { token, owner },
    });
    try {
      history.end(operation, 'ok', await writeRegister(sql, { name, token, owner }));
    } catch (thrown) {
      history.end(operation, 'info', thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
}
