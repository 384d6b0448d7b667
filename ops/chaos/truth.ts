/** What the stores hold when a run is over, read once for the checkers; and accounts as one transaction sees them. */
import { setTimeout } from 'node:timers/promises';
import type postgres from 'postgres';
import { z } from 'zod';
import type { Client } from '#runtime/client.ts';
import type { Account, Accounts } from './checkers/money.ts';
import { AccountState, type AlarmEntry, AlarmState, ListState, TENANT } from './kinds.ts';

const EVENTS_PAGE = 5_000;
const READ_TRIES = 30;
const READ_PAUSE_MS = 1_000;
const Did = z.object({ op: z.string() });

export interface DeadLetter {
  readonly address: string | null;
  readonly reason: string;
  readonly error: string;
}

export interface Truth {
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly accounts: Accounts;
  readonly alarms: ReadonlyMap<string, readonly AlarmEntry[]>;
  readonly deadLetters: readonly DeadLetter[];
  /** Operations that an event tells of. */
  readonly told: ReadonlySet<string>;
}

export async function readTruth(sql: postgres.Sql, client: Client): Promise<Truth> {
  const [lists, alarms] = [new Map<string, string[]>(), new Map<string, AlarmEntry[]>()];
  for (const { id, state } of await actorsOf(sql, 'list')) lists.set(id, ListState.parse(state).items);
  for (const { id, state } of await actorsOf(sql, 'alarm')) alarms.set(id, AlarmState.parse(state).entries);
  const deadLetters = await sql<DeadLetter[]>`SELECT address, reason, error FROM dead_letters`;
  const accounts = await readAccounts(sql);
  return { lists, accounts, alarms, deadLetters, told: await readEvents(client) };
}

/** One statement: one moment. */
export async function readAccounts(sql: postgres.Sql): Promise<Accounts> {
  const accounts = new Map<string, Account>();
  for (const { id, state } of await actorsOf(sql, 'account')) accounts.set(id, AccountState.parse(state));
  return accounts;
}

async function actorsOf(sql: postgres.Sql, type: string): Promise<{ id: string; state: unknown }[]> {
  return sql<{ id: string; state: unknown }[]>`
    SELECT id, state FROM actors WHERE tenant = ${TENANT} AND type = ${type}`;
}

async function readEvents(client: Client): Promise<Set<string>> {
  const told = new Set<string>();
  for (let afterSeq = 0; ; ) {
    const events = await readPatiently(() =>
      client.pastEvents({ filter: `evt.${TENANT}.*.*.did`, afterSeq, limit: EVENTS_PAGE }),
    );
    for (const { record } of events) told.add(Did.parse(record.payload).op);
    const last = events.at(-1);
    if (!last) return told;
    afterSeq = last.seq;
  }
}

/** A stream may still be without its leader just after the last fault. */
async function readPatiently<Found>(read: () => Promise<Found>): Promise<Found> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (error) {
      if (tries === READ_TRIES) throw error;
      await setTimeout(READ_PAUSE_MS);
    }
  }
}
