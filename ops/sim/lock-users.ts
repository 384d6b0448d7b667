/** Users of locks: they wait, write under their token, let go, or die and are never heard of again. */
import type { Reply } from '#protocols/failure.ts';
import { isTokenCurrent, LockAnswer } from '#protocols/lock.ts';
import type { Caller } from './caller.ts';
import { TENANT } from './kinds.ts';
import { locksAddress } from './locks.ts';
import type { World } from './world.ts';

const NAMES = ['lock-0', 'lock-1'];
const POLL_MS = { least: 200, most: 900 } as const;
const SILENT_MS = 4_000;

export interface Grant {
  readonly name: string;
  readonly owner: string;
  readonly token: number;
}

/** The guarded resource of each lock, and all grants that anybody was told of. */
export class Registers {
  readonly #world: World;
  readonly #lastSeen = new Map<string, number>();
  readonly grants = new Map<number, Grant>();

  constructor(world: World) {
    this.#world = world;
  }

  /** I7: no token is given twice. */
  granted(grant: Grant): void {
    const known = this.grants.get(grant.token);
    if (known && (known.owner !== grant.owner || known.name !== grant.name)) {
      this.#world.violated(`lock: token ${grant.token} of ${known.owner} was given to ${grant.owner} too`);
    }
    this.grants.set(grant.token, grant);
  }

  write({ name, owner, token }: Grant): void {
    const lastSeen = this.#lastSeen.get(name) ?? null;
    const isTaken = isTokenCurrent(lastSeen, token);
    this.#world.note(`write ${name} ${owner} ${token} ${isTaken ? 'taken' : 'refused'}`);
    this.#world.count(isTaken ? 'fenced writes' : 'fenced writes refused');
    if (isTaken) this.#lastSeen.set(name, token);
  }
}

export interface LockUser {
  readonly world: World;
  readonly caller: Caller;
  readonly registers: Registers;
  isOver(): boolean;
}

/** One user's work until `isOver`; the next one that it stands for bears another name. */
export async function keepLocking(user: LockUser): Promise<void> {
  const { world, caller, registers } = user;
  const past: Grant[] = [];
  while (!user.isOver()) {
    const grant = await acquire(user, `${caller.name}-${past.length % 2}`);
    if (grant) {
      registers.granted(grant);
      registers.write(grant);
      await releaseOld(user, grant, past);
      await world.clock.sleep(world.random.between(0, 2_500));
      registers.write(grant);
      if (world.random.chance(0.7)) await say(user, { type: 'release', ...grant });
      else world.count('lock users that died');
      past.push(grant);
    }
    await world.clock.sleep(world.random.between(1, 600) * world.slowness);
  }
}

async function acquire(user: LockUser, owner: string): Promise<Grant | null> {
  const { world, caller } = user;
  const { random } = world;
  const request = {
    type: 'acquire',
    name: random.pick(NAMES),
    owner,
    request_id: `r-${caller.asked.length}-${caller.name}`,
    ttl_ms: random.between(1_000, 6_000),
    wait_ms: random.chance(0.3) ? 0 : random.between(1_000, 20_000),
    ...(random.chance(0.5) ? { silent_ms: SILENT_MS } : {}),
  };
  for (;;) {
    const answer = answerOf(await say(user, request));
    if (answer?.state === 'granted') return { name: request.name, owner, token: answer.token };
    if (answer?.state !== 'waiting') return null;
    world.count('lock waits');
    if (user.isOver() || random.chance(0.1)) return null;
    await world.clock.sleep(random.between(POLL_MS.least, POLL_MS.most));
  }
}

/** An owner that died and came back still has words of its old grant under way: they must not let go of the new one. */
async function releaseOld(user: LockUser, grant: Grant, past: readonly Grant[]): Promise<void> {
  const { world } = user;
  const isOld = ({ name, owner, token }: Grant) =>
    name === grant.name && owner === grant.owner && token < grant.token;
  const old = past.findLast(isOld);
  if (!old || !world.random.chance(0.5)) return;
  world.count('old releases');
  const reply = await say(user, { type: 'release', ...old });
  if (reply?.ok) world.violated(`lock: the old token ${old.token} of ${old.name} let go of ${grant.token}`);
}

async function say(
  { world, caller }: LockUser,
  message: { type: string } & Record<string, unknown>,
): Promise<Reply | null> {
  const op = `${caller.asked.length}-${caller.name}`;
  const asked = await caller.ask(locksAddress(TENANT), { ...message, op }, world.random.chance(0.95));
  return asked.replies[0] ?? null;
}

function answerOf(reply: Reply | null): LockAnswer | null {
  const answer = reply?.ok ? LockAnswer.safeParse(reply.value) : null;
  return answer?.success ? answer.data : null;
}
