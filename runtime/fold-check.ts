/**
 * Checks that an actor's stored state is the fold of its log, byte for byte (invariant 7).
 *
 * K1. Only turns that this very code took count against it: other code may rightly decide otherwise.
 * K2. What can't be folded is told apart from what folds to something else.
 */

import { isDeepStrictEqual } from 'node:util';
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { partitionOf } from '#protocols/partition.ts';
import type { Cell } from './cell.ts';
import { cellOf, type FoldPorts, foldActor, TookMail } from './fold.ts';
import { NotKept } from './lane-journal.ts';
import type { ActorPast, KeptState } from './past.ts';

export type FoldVerdict =
  | { readonly type: 'equal'; readonly turns: number }
  | { readonly type: 'different'; readonly difference: string }
  /** Some turns were taken by other code, and the result differs. */
  | { readonly type: 'other_code'; readonly difference: string }
  | { readonly type: 'not_kept'; readonly reason: string };

/** Folds from the oldest kept state that allows it, over the next ones, each of which is compared as well. */
export async function checkFold(
  ports: FoldPorts & { readonly code: string },
  address: Address,
): Promise<FoldVerdict> {
  const kind = ports.kinds.get(address.type);
  if (!kind) return { type: 'not_kept', reason: `no actor kind is called ${address.type}` };
  const partition = partitionOf(address, ports.partitionCount);
  const past = await ports.past.find(address, partition);
  const range = { after: -1, before: Number.MAX_SAFE_INTEGER, limit: 1 };
  const oldest = (await ports.past.batches(partition, range))[0]?.batch ?? past.nextBatch;
  let bases = past.bases.filter(({ batch }) => batch >= oldest - 1);
  for (;;) {
    const [from, ...next] = bases;
    if (!from) return { type: 'not_kept', reason: `no state of ${formatAddress(address)} is kept` };
    try {
      return await foldOver(ports, { address, kind, partition, past }, { from, next });
    } catch (error) {
      if (!(error instanceof NotKept)) throw error;
      if (!(error instanceof TookMail)) return { type: 'not_kept', reason: error.message };
      const { batch: taken } = error;
      bases = bases.filter(({ batch }) => batch >= taken);
    }
  }
}

interface Checked {
  readonly address: Address;
  readonly kind: ActorKind;
  readonly partition: number;
  readonly past: ActorPast;
}

async function foldOver(
  ports: FoldPorts & { readonly code: string },
  { address, kind, partition, past }: Checked,
  { from, next }: { from: KeptState; next: readonly KeptState[] },
): Promise<FoldVerdict> {
  let isOwnCode = true;
  let [cell, turns, passed] = [cellOf(address, kind, from), 0, 0];
  const differences: string[] = [];
  const passUpTo = (batch: number) => {
    for (; (next[passed]?.batch ?? batch) < batch; passed++) {
      const kept = next[passed];
      if (kept) differences.push(...differenceOf(cell, kept));
    }
  };
  const range = { partition, from, before: past.nextBatch };
  for await (const step of foldActor(ports, { address, kind }, range)) {
    passUpTo(step.record.batch);
    if (step.record.code !== ports.code) isOwnCode = false;
    if (step.outcome.deadLetter && !step.outcome.changed)
      differences.push(`${step.envelope.id} is a dead letter now: ${step.outcome.deadLetter.error}`);
    if (step.outcome.ignored) differences.push(`${step.envelope.id} counts no more`);
    cell = step.cell;
    turns++;
  }
  passUpTo(past.nextBatch);
  differences.push(...differenceOf(cell, past.stored ?? NONE));
  const [difference] = differences;
  if (difference === undefined) return { type: 'equal', turns };
  return { type: isOwnCode ? 'different' : 'other_code', difference };
}

const NONE: NonNullable<ActorPast['stored']> = { version: 0, stateVersion: 0, state: null, timers: {} };

/** What tells the folded actor from the stored one, if anything. */
function differenceOf(cell: Cell, stored: Omit<KeptState, 'batch' | 'atMs'>): string[] {
  if (cell.state === null || stored.state === null) {
    const isSame = cell.state === null && stored.state === null;
    return isSame
      ? []
      : [`${stored.state === null ? 'nothing' : 'an actor'} is stored at version ${stored.version}`];
  }
  const folded = JSON.stringify(cell.kind.writeState(cell.state, stored.stateVersion));
  if (folded !== stored.state)
    return [`version ${stored.version} is ${shorten(stored.state)}, not ${shorten(folded)}`];
  if (cell.version !== stored.version) return [`version ${stored.version} is folded as ${cell.version}`];
  if (!isDeepStrictEqual(cell.timers, stored.timers)) {
    return [`timers are ${JSON.stringify(stored.timers)}, not ${JSON.stringify(cell.timers)}`];
  }
  return [];
}

function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length})` : text;
}
