/**
 * What one round of messages goes through between the log and the batch: keys looked up, actors loaded, turns taken.
 *
 * D1. Turns of one actor follow each other in log order; those of several actors may be taken in any order.
 * D2. Nothing here is durable: the outcomes stand in the items, and the partition gathers them in log order.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import type { Activations } from './activations.ts';
import { type Cell, emptyCell, nextCell, readCell } from './cell.ts';
import type { Clock } from './clock.ts';
import type { TakeAlone } from './isolation.ts';
import type { Fate, Item } from './item.ts';
import type { LoadedActor } from './store.ts';
import { takeSupervised } from './supervised-turn.ts';
import type { Supervision } from './supervision.ts';
import { setAside, type TurnOutcome, type takeTurn } from './turn.ts';
import type { Wary } from './wary.ts';

/** What a round uses of its partition and node. */
export interface RoundHost {
  readonly partition: number;
  readonly activations: Activations;
  readonly clock: Clock;
  readonly supervision: Supervision;
  readonly takeAlone: TakeAlone;
  readonly takeTurn: typeof takeTurn;
  load(addresses: readonly Address[]): Promise<LoadedActor[]>;
  /** Once the partition was stopped nothing of the round counts any more. */
  readonly stopped: Promise<void>;
  isStopped(): boolean;
}

type TurnFate = Extract<Fate, { type: 'turn' }>;
type TurnItem = Item & { readonly fate: TurnFate };
type Take = (cell: Cell, item: TurnItem) => TurnOutcome;

/** An actor that can't be brought into memory: what becomes of its messages all the same. */
interface Inert {
  readonly cell: Cell;
  readonly take: Take;
}

/** Loads the actors of a round and takes its turns; their outcomes stand in the items then. */
export async function takeRound(items: readonly Item[], host: RoundHost): Promise<void> {
  const turns = items.filter(isTurn);
  const inert = await activate(turns, host);
  if (host.isStopped()) return;
  await takeTurns(turns, { host, inert, take: takeAsEver(host) });
}

/** The same for a step of a wary owner: one message may be what killed others, or can't be written. */
export async function takeWarily(items: readonly Item[], wary: Wary, host: RoundHost): Promise<void> {
  const [item] = items;
  if (items.length !== 1 || !item || !isTurn(item)) return takeRound(items, host);
  const fault = wary.faultOf(item.place);
  const { address, kind, envelope } = item.fate;
  const isSuspended = host.supervision.of(address).status === 'suspended';
  if (isSuspended || (fault === null && !wary.isSuspect(item.place))) return takeRound([item], host);
  const [loaded] = await host.load([address]);
  if (host.isStopped()) return;
  // Nothing of this actor may be read or run in this process before it is known to do no harm.
  const bare = { ...emptyCell(address, kind), timers: loaded?.timers ?? {} };
  if (fault !== null) {
    const take = (cell: Cell) => setAside(cell, envelope, { reason: 'unwritable', error: fault });
    return takeInert(item, { cell: bare, take }, host);
  }
  const alone = host.takeAlone(kind, { address, loaded, envelope, place: item.place });
  const result = await Promise.race([alone, host.stopped]);
  if (host.isStopped() || !result) return;
  if (result.type === 'died') {
    const { reason, error } = result;
    const take = (cell: Cell) => setAside(cell, envelope, { reason, error });
    return takeInert(item, { cell: bare, take }, host);
  }
  const inert = await activate([item], host);
  if (host.isStopped()) return;
  await takeTurns([item], { host, inert, take: () => result.outcome });
}

function isTurn(item: Item): item is TurnItem {
  return item.fate.type === 'turn';
}

function takeAsEver({ takeTurn }: RoundHost): Take {
  return (cell, { fate, place }) => takeTurn(cell, fate.envelope, place);
}

/** Brings the actors of a round into memory; returns those that can't be, by name. */
async function activate(items: readonly TurnItem[], host: RoundHost): Promise<ReadonlyMap<string, Inert>> {
  const missing = new Map<string, { address: Address; kind: ActorKind }>();
  const inert = new Map<string, Inert>();
  for (const { fate } of items) {
    if (!host.activations.has(fate.address)) missing.set(formatAddress(fate.address), fate);
  }
  if (missing.size === 0) return inert;
  const loaded = await host.load([...missing.values()].map(({ address }) => address));
  if (host.isStopped()) return inert;
  const stored = new Map(loaded.map((actor) => [formatAddress(actor.address), actor]));
  for (const [name, { address, kind }] of missing) {
    if (host.supervision.of(address).status === 'suspended') {
      // It takes nothing, and its state may be what does harm: it stays unread.
      const cell = { ...emptyCell(address, kind), timers: stored.get(name)?.timers ?? {} };
      inert.set(name, { cell, take: takeAsEver(host) });
      continue;
    }
    const read = readCell(address, kind, stored.get(name));
    if (read.ok) host.activations.activate(read.cell, host.partition, host.clock.now());
    else {
      const letter = { reason: 'unreadable_state', error: read.error } as const;
      inert.set(name, { cell: read.cell, take: (cell, { fate }) => setAside(cell, fate.envelope, letter) });
    }
  }
  return inert;
}

/** Hands each message to its actor; resolves when all turns were taken or the partition was stopped. */
async function takeTurns(
  items: readonly TurnItem[],
  { host, inert, take }: { host: RoundHost; inert: ReadonlyMap<string, Inert>; take: Take },
): Promise<void> {
  const done = Promise.withResolvers<void>();
  let left = items.length;
  if (left === 0) return;
  const nowMs = host.clock.now();
  for (const item of items) {
    const unread = inert.get(formatAddress(item.fate.address));
    if (unread) {
      takeInert(item, unread, host);
      if (--left === 0) done.resolve();
      continue;
    }
    host.activations.tell(
      item.fate.address,
      (cell) => {
        const outcome = settle(item, cell, { host, take });
        if (--left === 0) done.resolve();
        return nextCell(outcome.cell);
      },
      nowMs,
    );
  }
  await Promise.race([done.promise, host.stopped]);
}

function takeInert(item: TurnItem, { cell, take }: Inert, host: RoundHost): void {
  settle(item, cell, { host, take });
}

function settle(item: TurnItem, cell: Cell, { host, take }: { host: RoundHost; take: Take }): TurnOutcome {
  const { outcome, part } = takeSupervised(item, cell, {
    supervision: host.supervision,
    take: () => take(cell, item),
  });
  item.outcome = outcome;
  item.supervised = part;
  return outcome;
}
