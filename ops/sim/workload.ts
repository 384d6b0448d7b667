/** What callers ask for, while the faults go on. */

import type { Address } from '#protocols/address.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Asked, Caller } from './caller.ts';
import { accountAddress, lampAddress } from './kinds.ts';
import type { World } from './world.ts';

const ACCOUNTS = 8;
const LAMPS = 3;

export const ACCOUNT_IDS = Array.from({ length: ACCOUNTS }, (_, index) => `account-${index}`);
const LAMP_IDS = Array.from({ length: LAMPS }, (_, index) => `lamp-${index}`);

type Command = { to: Address; message: Message & { op: string } };

/** One caller's work until `isOver`. */
export async function keepAsking(world: World, caller: Caller, isOver: () => boolean): Promise<void> {
  const { random, clock } = world;
  const reminders: { account: string; op: string }[] = [];
  while (!isOver()) {
    const op = `${caller.asked.length}-${caller.name}`;
    const { to, message } = drawCommand(world, op, reminders);
    const asked = random.chance(0.06)
      ? await caller.askAndTakeBack(to, message)
      : await caller.ask(to, message, random.chance(0.9));
    if (random.chance(0.03)) await askTwo(world, caller, `${caller.asked.length}-${caller.name}-two`);
    if (random.chance(world.floodChance)) await flood(world, caller);
    if (message.type === 'remind') reminders.push({ account: to.id, op });
    if (random.chance(0.15)) await caller.askAgain(random.pick(caller.asked));
    if (random.chance(0.05) && canBeReused(asked)) await caller.askOther(asked);
    await clock.sleep(random.between(1, 250) * world.slowness);
  }
}

/** Two requests for two accounts under one key, at the same moment: at most one of them may be done. */
async function askTwo({ random }: World, caller: Caller, op: string): Promise<void> {
  const one = random.pick(ACCOUNT_IDS);
  const other = random.pick(ACCOUNT_IDS.filter((id) => id !== one));
  await Promise.all([
    caller.throwIn(accountAddress(one), { type: 'deposit', op, amount: 1 }),
    caller.ask(accountAddress(other), { type: 'deposit', op, amount: 2 }, true),
  ]);
}

/** More for one partition than a reader may hold. */
async function flood(world: World, caller: Caller): Promise<void> {
  const to = accountAddress(world.random.pick(ACCOUNT_IDS));
  const count = world.random.between(300, 1_200);
  world.note(`flood of ${count} to ${to.id}`);
  world.count('floods');
  const thrown = Array.from({ length: count }, (_, index) =>
    caller.throwIn(to, { type: 'deposit', op: `${caller.asked.length}-${caller.name}-${index}`, amount: 1 }),
  );
  await Promise.all(thrown);
}

/** A key that is known for good: a refusal of another body is certain only then. */
function canBeReused(asked: Asked): boolean {
  return asked.answeredAtMs !== null;
}

function drawCommand(world: World, op: string, reminders: { account: string; op: string }[]): Command {
  const { random } = world;
  const id = random.pick(ACCOUNT_IDS);
  const account = (message: Message & { op: string }, to = id) => ({ to: accountAddress(to), message });
  const lamp = (message: Message & { op: string }) => ({ to: lampAddress(random.pick(LAMP_IDS)), message });
  const reminder = random.chance(0.5) ? reminders.at(-1) : undefined;
  const roll = random.below(100);
  if (roll < 15) return account({ type: 'deposit', op, amount: random.between(1, 100) });
  if (roll < 50) {
    const to = Array.from({ length: random.chance(0.1) ? 30 : random.between(1, 3) }, () =>
      random.pick(ACCOUNT_IDS),
    );
    return account({ type: 'transfer', op, to, amount: random.between(1, 9) });
  }
  if (roll < 62) return account({ type: 'hurry', op, to: random.pick(ACCOUNT_IDS) });
  if (roll < 70)
    return account({ type: 'remind', op, afterMs: random.between(0, 6_000), isBad: random.chance(0.1) });
  if (roll < 74 && reminder) return account({ type: 'forget', op, of: reminder.op }, reminder.account);
  if (roll < 81) return lamp({ type: 'light', op, afterMs: random.between(100, 6_000), tells: id });
  if (roll < 86) return lamp({ type: 'smash', op });
  if (roll < 88) return account({ type: 'leave', op });
  if (roll < 90) return account({ type: 'consult', op });
  if (roll < 93)
    return account({ type: 'beat', op, everyMs: random.between(1_000, 4_000), times: random.between(1, 4) });
  if (roll < 97) return account(drawAsk(world, op));
  if (roll < 98) return account({ type: 'stray', op });
  if (random.chance(0.3)) return account({ type: 'swell', op });
  return account({ type: 'throw', op });
}

/** A question that goes from one to the next; one that comes back to who waits is refused on the way. */
function drawAsk({ random }: World, op: string): Message & { op: string } {
  const to = Array.from({ length: random.between(1, 3) }, () => random.pick(ACCOUNT_IDS));
  return { type: 'ask', op, to, withinMs: random.between(5, 6_000), isPatient: random.chance(0.8) };
}
