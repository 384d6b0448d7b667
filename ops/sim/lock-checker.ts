/** I7, read from the events of the lock actor alone: one holder at a time, tokens that grow, first come, first served. */
import { z } from 'zod';
import { formatAddress } from '#protocols/address.ts';
import { EventRecord } from '#protocols/events.ts';
import { LockTable } from '#protocols/lock.ts';
import { TENANT } from './kinds.ts';
import type { Registers } from './lock-users.ts';
import { locksAddress } from './locks.ts';
import type { World } from './world.ts';

const About = z.object({
  name: z.string(),
  owner: z.string(),
  token: z.number().optional(),
  request_id: z.string().optional(),
  expires_at: z.string().optional(),
});
type About = z.infer<typeof About>;

const ENDS: ReadonlySet<string> = new Set(['released', 'expired', 'broken', 'owner_ended']);
const LEFT: ReadonlySet<string> = new Set(['withdrawn', 'wait_timed_out', 'fell_silent']);

interface Model {
  readonly world: World;
  readonly holders: Map<string, { owner: string; token: number; endsAt: string }>;
  readonly queues: Map<string, string[]>;
  readonly given: Map<number, string>;
  lastToken: number;
}

export function checkLocks(world: World, registers: Registers): void {
  const model: Model = { world, holders: new Map(), queues: new Map(), given: new Map(), lastToken: 0 };
  for (const { name, at, payload } of lockEvents(world))
    follow(model, { event: name, at }, About.parse(payload));
  for (const [name, { owner }] of model.holders) world.violated(`lock: ${name} is still held by ${owner}`);
  for (const { token, owner, name } of registers.grants.values()) {
    if (model.given.get(token) !== `${name} ${owner}`) {
      world.violated(`lock: ${owner} was told of token ${token}, and no event was`);
    }
  }
  checkTable(world);
  world.counts.set('lock grants', model.given.size);
}

/** Each once, in the order in which the actor emitted them. */
function lockEvents(world: World): EventRecord[] {
  const decoder = new TextDecoder();
  const address = formatAddress(locksAddress(TENANT));
  const records = world.log.events().map(({ bytes }) => EventRecord.parse(JSON.parse(decoder.decode(bytes))));
  const own = new Map(records.filter((one) => one.address === address).map((record) => [record.id, record]));
  return [...own.values()].toSorted((one, other) => numberOf(one) - numberOf(other));
}

function numberOf({ id }: EventRecord): number {
  return Number(id.split('.').at(-1));
}

function follow(model: Model, { event, at }: { event: string; at: string }, about: About): void {
  const { world, holders, queues } = model;
  const { name, owner, token = 0, request_id = '', expires_at = '' } = about;
  const asked = `${owner} ${request_id}`;
  const queue = queues.get(name) ?? [];
  const holder = holders.get(name);
  if (event === 'waiting') queues.set(name, [...queue, asked]);
  if (LEFT.has(event)) {
    queues.set(
      name,
      queue.filter((one) => one !== asked),
    );
  }
  if (event === 'granted') {
    if (holder) world.violated(`lock: ${name} was given to ${owner} while ${holder.owner} held it`);
    if (token <= model.lastToken) world.violated(`lock: token ${token} after ${model.lastToken}`);
    const [first = asked, ...rest] = queue;
    if (first !== asked) world.violated(`lock: ${name} went to ${asked}, and ${first} was before it`);
    queues.set(name, rest);
    holders.set(name, { owner, token, endsAt: expires_at });
    model.given.set(token, `${name} ${owner}`);
    model.lastToken = token;
  }
  if (event === 'renewed' && holder) holders.set(name, { ...holder, endsAt: expires_at });
  if (!ENDS.has(event)) return;
  if (holder?.token !== token)
    world.violated(`lock: ${event} of ${name} ${token}, held under ${holder?.token}`);
  if (event === 'expired' && holder && at < holder.endsAt)
    world.violated(`lock: the lease of ${name} ${token} ended early`);
  holders.delete(name);
}

/** At rest every lease is over, and so is every wait. */
function checkTable(world: World): void {
  const row = world.store.rows.actors.find(({ address }) => address.type === 'lock');
  if (!row) return;
  const { holds, waits } = LockTable.parse(JSON.parse(row.state));
  if (holds.length + waits.length > 0) {
    world.violated(`lock: at rest ${holds.length} are held, ${waits.length} wait`);
  }
}
