/** What must hold when everything has come to rest (see also `recording-store.ts` and `ports.ts`, which look on). */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Reply } from '#protocols/failure.ts';
import { LIMITS } from '#protocols/limits.ts';
import { LANES } from '#protocols/subjects.ts';
import type { Asked, Caller } from './caller.ts';
import type { Cluster } from './cluster.ts';
import { AccountState } from './kinds.ts';
import { SetAside } from './mender.ts';
import type { World } from './world.ts';

/** Events of supervision have no op. */
const Did = z.object({ payload: z.object({ op: z.string().optional() }) });
const SILENT_OPS: ReadonlySet<string> = new Set(['throw', 'light', 'smash']);

/** What still waits; empty when the cluster has come to rest. */
export function findUnrest(world: World, cluster: Cluster, callers: readonly Caller[]): string[] {
  const { partitions, outbox, timers, deadLetters, supervised, keptMail } = world.store.rows;
  const unrest: string[] = [];
  for (const row of partitions) {
    const owner = cluster.alive.find(({ process }) => process.name === row.owner);
    if (!owner?.node.held().includes(row.id))
      unrest.push(`p${row.id} has no owner that holds it (${row.owner})`);
    for (const lane of LANES) {
      const last = world.log.messages(lane, row.id).at(-1)?.seq ?? 0;
      const cursor = lane === 'data' ? row.cursor : row.controlCursor;
      if (cursor.seq < last) unrest.push(`p${row.id} ${lane} is at ${cursor.seq} of ${last}`);
    }
  }
  for (const { address, status } of supervised) {
    if (status !== 'active') unrest.push(`${address.id} is ${status}`);
  }
  if (keptMail.length > 0)
    unrest.push(`mail is kept for ${keptMail.map(({ address }) => address.id).join()}`);
  if (outbox.length > 0) unrest.push(`outbox holds ${outbox.length}, the first is ${outbox[0]?.id}`);
  if (timers.length > 0) unrest.push(`timers wait: ${timers.map((timer) => timer.key).join()}`);
  const replaying = deadLetters.filter(({ status }) => status === 'replaying').map(({ id }) => id);
  if (replaying.length > 0) unrest.push(`replays wait: ${replaying.join()}`);
  for (const { asked } of callers) {
    const open = asked.filter((one) => one.answeredAtMs === null && !one.isAbandoned);
    if (open.length > 0) unrest.push(`no answer to ${open.map((one) => one.key).join()}`);
  }
  return unrest;
}

/** Reports to the world what is not as it must be. */
export function checkRest(world: World, callers: readonly Caller[]): void {
  const asked = callers.flatMap((caller) => caller.asked);
  const accounts = new Map<string, AccountState>();
  for (const { address, state } of world.store.rows.actors) {
    if (address.type === 'account') accounts.set(address.id, AccountState.parse(JSON.parse(state)));
  }
  for (const [id, account] of accounts) {
    for (const fault of account.faults) world.violated(`ledger: ${id}: ${fault}`);
  }
  checkCommands(world, asked, accounts);
  checkKeys(world, accounts);
  checkReplies(world, asked);
  checkMoney(world, asked, accounts);
  checkTransfers(world, accounts);
  checkTimers(world, asked, accounts);
  checkBeats(world, asked, accounts);
  checkAsks(world, asked, accounts);
  checkAnswers(world, accounts);
  checkEvents(world, accounts);
  checkDeadLetters(world, asked);
  checkReplays(world, accounts);
}

type Accounts = ReadonlyMap<string, AccountState>;

/** I2, I3: what was answered is applied exactly once; what was abandoned at most once. */
function checkCommands(world: World, asked: readonly Asked[], accounts: Accounts): void {
  for (const { key, to, message, answeredAtMs, replies } of asked) {
    if (SILENT_OPS.has(message.type) || to.type === 'lock') continue;
    const account = accounts.get(to.id);
    const times = [...(account?.ops ?? []), ...(account?.urgent ?? [])].filter((op) => op === key).length;
    const isAnswered = answeredAtMs !== null && replies.some((reply) => reply.ok);
    if (times > 0 && isCancelled(replies[0]))
      world.violated(`cancelled: ${key} (${message.type}) is applied`);
    if (times > 1) world.violated(`twice: ${key} (${message.type}) was applied ${times} times`);
    if (times === 0 && isAnswered)
      world.violated(`lost: ${key} (${message.type}) was answered and is not applied`);
  }
}

/** A key is one request's, whichever accounts it was tried with. */
function checkKeys(world: World, accounts: Accounts): void {
  const done = new Set<string>();
  for (const op of [...accounts.values()].flatMap(({ ops, urgent }) => [...ops, ...urgent])) {
    if (done.has(op)) world.violated(`twice: ${op} was applied to two accounts, or twice to one`);
    done.add(op);
  }
}

function isCancelled(reply: Reply | undefined): boolean {
  return reply?.ok === false && reply.failure.code === 'CANCELLED';
}

function checkReplies(world: World, asked: readonly Asked[]): void {
  for (const { key, replies } of asked) {
    if (replies.some((reply) => !isDeepStrictEqual(reply, replies[0]))) {
      world.violated(`replies: ${key} was answered differently: ${JSON.stringify(replies)}`);
    }
  }
}

function checkMoney(world: World, asked: readonly Asked[], accounts: Accounts): void {
  let expected = 0;
  for (const { key, to, message } of asked) {
    if (message.type !== 'deposit' || !accounts.get(to.id)?.ops.includes(key)) continue;
    expected += z.object({ amount: z.number() }).parse(message).amount;
  }
  const total = [...accounts.values()].reduce((sum, { balance }) => sum + balance, 0);
  if (total !== expected) world.violated(`money: ${total} where ${expected} was paid in`);
}

/** I3, I4: every effect of one account has arrived at the other, and none more. */
function checkTransfers(world: World, accounts: Accounts): void {
  const compare = (what: 'sent' | 'nudged', back: 'received' | 'nudgedBy') => {
    for (const [from, account] of accounts) {
      for (const [to, k] of Object.entries(account[what])) {
        const arrived = accounts.get(to)?.[back][from] ?? 0;
        if (arrived !== k) world.violated(`effects: ${from} ${what} ${k} to ${to}, ${arrived} arrived`);
      }
    }
  };
  compare('sent', 'received');
  compare('nudged', 'nudgedBy');
}

/** I8: a timer comes exactly once, unless it was taken back. */
function checkTimers(world: World, asked: readonly Asked[], accounts: Accounts): void {
  const forgotten = new Set(asked.map(({ message }) => String(message.of ?? '')));
  // Their letters say whether they rang.
  const bad = new Set(asked.filter(({ message }) => message.isBad).map(({ key }) => key));
  for (const { key, to, message } of asked) {
    if (message.type === 'remind' && accounts.get(to.id)?.ops.includes(key)) {
      const times = accounts.get(to.id)?.rings[key] ?? 0;
      if (times > 1 || (times === 0 && !forgotten.has(key) && !bad.has(key)))
        world.violated(`timer: ${key} rang ${times} times`);
    }
    if (message.type === 'light') {
      const times = accounts.get(String(message.tells))?.darks[key] ?? 0;
      if (times > 1) world.violated(`timer: lamp of ${key} went out ${times} times`);
    }
  }
}

/** A repeating timer comes as often as it shall, no more after it was cancelled, and none is lost. */
function checkBeats(world: World, asked: readonly Asked[], accounts: Accounts): void {
  for (const { key, to, message } of asked) {
    if (message.type !== 'beat' || !accounts.get(to.id)?.ops.includes(key)) continue;
    const beats = accounts.get(to.id)?.beats[key] ?? 0;
    world.count('repeating timers');
    if (beats !== message.times) world.violated(`timer: ${key} beat ${beats} times, not ${message.times}`);
  }
}

/** Each ask is answered exactly once, or never where it was taken back; nobody is asked twice or unasked. */
function checkAsks(world: World, asked: readonly Asked[], accounts: Accounts): void {
  for (const { key, to, message } of asked) {
    if (message.type !== 'ask' || !accounts.get(to.id)?.ops.includes(key)) continue;
    const answers = accounts.get(to.id)?.told[key] ?? 0;
    const isCircle = z.array(z.string()).parse(message.to).indexOf(to.id) >= 0;
    world.count(isCircle ? 'asks in a circle' : 'asks');
    if (answers !== (message.isPatient ? 1 : 0)) {
      world.violated(`ask: ${key} of ${to.id} was answered ${answers} times`);
    }
  }
  for (const [id, { asked: questions }] of accounts) {
    for (const [key, times] of Object.entries(questions)) {
      if (times !== 1) world.violated(`ask: ${id} was asked ${key} ${times} times`);
    }
  }
}

/** What the oracle said comes to who asked, and nothing else does. */
function checkAnswers(world: World, accounts: Accounts): void {
  for (const [id, { answers, ops }] of accounts) {
    for (const op of Object.keys(answers)) {
      if (!ops.includes(op)) world.violated(`answers: ${id} got one to ${op}, which it did not ask`);
    }
    world.counts.set(
      'answers of agents',
      (world.counts.get('answers of agents') ?? 0) + Object.keys(answers).length,
    );
  }
}

/** Every turn that was committed has its event in the stream, at least once. */
function checkEvents(world: World, accounts: Accounts): void {
  const decoder = new TextDecoder();
  const told = new Set<string | undefined>();
  for (const { bytes } of world.log.events())
    told.add(Did.safeParse(JSON.parse(decoder.decode(bytes))).data?.payload.op ?? '');
  for (const { ops, urgent } of accounts.values()) {
    for (const op of [...ops, ...urgent]) if (!told.has(op)) world.violated(`events: none tells of ${op}`);
  }
}

/** Nothing is set aside but what was made to be. */
function checkDeadLetters(world: World, asked: readonly Asked[]): void {
  const { deadLetters } = world.store.rows;
  for (const { reason, error, address } of deadLetters) {
    const isMeant = reason === 'defect' || (reason === 'unknown_type' && address?.startsWith('nobody/'));
    if (!isMeant) world.violated(`dead letter: ${address} ${reason} ${error}`);
  }
  for (const { key, message, answeredAtMs, replies } of asked) {
    if (message.type !== 'throw' || isCancelled(replies[0])) continue;
    const letters = deadLetters.filter((letter) => letter.body.includes(`"key":"${key}"`)).length;
    if (letters > 1 || (letters === 0 && answeredAtMs !== null)) {
      world.violated(`dead letter: ${key} has ${letters}`);
    }
  }
}

/**
 * What was sent again is applied once if a letter says so, and else not at all. A timer's message that came twice has
 * two letters: the second one's replay finds no timer any more.
 */
function checkReplays(world: World, accounts: Accounts): void {
  const { deadLetters } = world.store.rows;
  const applied = new Map<string, number>();
  for (const { id, address, body, status, outcome, replays } of deadLetters) {
    if (replays > LIMITS.replaysPerLetterMax) world.violated(`replays: letter ${id} has ${replays}`);
    const { type, op = '' } = SetAside.parse(JSON.parse(body)).message;
    if (type !== 'throw' && type !== 'ring') continue;
    const name = `${type} ${address} ${op}`;
    const isApplied = status === 'replayed' && outcome?.type === 'applied';
    if (isApplied) world.count('letters: applied');
    applied.set(name, (applied.get(name) ?? 0) + Number(isApplied));
  }
  for (const [name, expected] of applied) {
    const [type, address, op = ''] = name.split(' ');
    const account = accounts.get(address?.split('/')[2] ?? '');
    const rings = account?.rings[op] ?? 0;
    const times = type === 'ring' ? rings : (account?.ops.filter((one) => one === op).length ?? 0);
    if (times !== expected || times > 1)
      world.violated(`replays: ${name} was applied ${times} times, its letters say ${expected}`);
  }
}
