/**
 * What one round of messages goes through between the log and the batch: keys looked up, actors loaded, turns taken.
 *
 * D1. Turns of one actor follow each other in log order; those of several actors may be taken in any order.
 * D2. Nothing here is durable: the outcomes stand in the items, and the partition gathers them in log order.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import type { Activations } from './activations.ts';
import type { Clock } from './clock.ts';
import type { Item } from './intake.ts';
import type { LoadedActor, Store } from './store.ts';
import { type Cell, setAside, takeTurn } from './turn.ts';

/** What a round uses of its partition and node. */
export interface RoundHost {
  readonly partition: number;
  readonly activations: Activations;
  readonly store: Pick<Store, 'findReplies'>;
  readonly clock: Clock;
  load(addresses: readonly Address[]): Promise<LoadedActor[]>;
  /** Once the partition was stopped nothing of the round counts any more. */
  readonly stopped: Promise<void>;
  isStopped(): boolean;
}

/** Finds the commands of a round that were answered before: they are repeats. */
export async function lookUpKeys(items: readonly Item[], store: Pick<Store, 'findReplies'>): Promise<void> {
  const keys = items.flatMap((item) =>
    item.fate.type === 'turn' && item.fate.envelope.source.kind === 'command'
      ? [{ tenant: item.fate.address.tenant, key: item.fate.envelope.source.key }]
      : [],
  );
  if (keys.length === 0) return;
  const found = new Map(
    (await store.findReplies(keys)).map((reply) => [`${reply.tenant}/${reply.key}`, reply]),
  );
  for (const item of items) {
    if (item.fate.type !== 'turn' || item.fate.envelope.source.kind !== 'command') continue;
    const stored = found.get(`${item.fate.address.tenant}/${item.fate.envelope.source.key}`);
    if (stored) item.fate = { type: 'repeat', envelope: item.fate.envelope, stored };
  }
}

/** Brings the actors of a round into memory. */
export async function activate(items: readonly Item[], host: RoundHost): Promise<void> {
  const missing = new Map<string, { address: Address; kind: ActorKind }>();
  for (const { fate } of items) {
    if (fate.type !== 'turn' || host.activations.has(fate.address)) continue;
    missing.set(formatAddress(fate.address), fate);
  }
  if (missing.size === 0) return;
  const loaded = await host.load([...missing.values()].map(({ address }) => address));
  if (host.isStopped()) return;
  const stored = new Map(loaded.map((actor) => [formatAddress(actor.address), actor]));
  for (const [name, { address, kind }] of missing) {
    const loadedActor = stored.get(name);
    const cell = toCell(address, kind, loadedActor);
    if (cell.ok) host.activations.activate(cell.cell, host.partition, host.clock.now());
    else setAsideUnreadable(items, name, { error: cell.error, timers: loadedActor?.timers ?? {} });
  }
}

/** Hands each message to its actor; resolves when all turns were taken or the partition was stopped. */
export async function takeTurns(items: readonly Item[], host: RoundHost): Promise<void> {
  const done = Promise.withResolvers<void>();
  const open = items.filter((item) => item.fate.type === 'turn' && !item.outcome);
  let left = open.length;
  if (left === 0) return;
  const nowMs = host.clock.now();
  for (const item of open) {
    if (item.fate.type !== 'turn') continue;
    const { address, envelope } = item.fate;
    host.activations.tell(
      address,
      (cell) => {
        item.outcome = takeTurn(cell, envelope, item.place);
        if (--left === 0) done.resolve();
        return item.outcome.cell;
      },
      nowMs,
    );
  }
  await Promise.race([done.promise, host.stopped]);
}

function setAsideUnreadable(
  items: readonly Item[],
  name: string,
  { error, timers }: { error: string; timers: Cell['timers'] },
): void {
  for (const item of items) {
    if (item.fate.type !== 'turn' || formatAddress(item.fate.address) !== name) continue;
    const { address, kind, envelope } = item.fate;
    const cell = { address, kind, version: 0, state: null, timers };
    item.outcome = setAside(cell, envelope, { reason: 'unreadable_state', error });
  }
}

function toCell(
  address: Address,
  kind: ActorKind,
  loaded: LoadedActor | undefined,
): { ok: true; cell: Cell } | { ok: false; error: string } {
  if (!loaded) return { ok: true, cell: { address, kind, version: 0, state: null, timers: {} } };
  try {
    const state = kind.readState(loaded.state, loaded.stateVersion);
    return { ok: true, cell: { address, kind, version: loaded.version, state, timers: loaded.timers } };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
