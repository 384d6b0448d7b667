/**
 * Folds one actor: takes its turns again, from a kept state over the messages that the batches took, in their order.
 *
 * O1. A message is a turn here where it was one then: repeats, gaps and dead letters are not judged a second time.
 * O2. Batches are read without a gap, and each one's messages must be those that it took (their digest); else the
 *     fold says that the point is not kept, and does not guess.
 * O3. Bounded: it gives up after `messagesMax` messages of the partition, since those of others pass by as well.
 * O4. Over a batch in which the actor took kept mail there is no way: its snapshot of then is kept.
 */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { decodeEnvelope, type Envelope } from '#protocols/envelope.ts';
import { LANES, type Lane } from '#protocols/subjects.ts';
import { type Cell, emptyCell, nextCell, readCell } from './cell.ts';
import { FoldOrder, mailIn, parseFoldOrder } from './fold-order.ts';
import { LaneJournal, NotKept } from './lane-journal.ts';
import type { Delivery, Log } from './log.ts';
import type { BatchRecord, KeptState, Past } from './past.ts';
import { type Place, type TurnOutcome, takeTurn } from './turn.ts';

export interface FoldPorts {
  readonly past: Past;
  readonly log: Pick<Log, 'journal'>;
  readonly kinds: ReadonlyMap<string, ActorKind>;
  readonly partitionCount: number;
  /** Messages of the partition that one fold may read. */
  readonly messagesMax: number;
}

export interface FoldStep {
  readonly envelope: Envelope;
  readonly place: Place;
  readonly outcome: TurnOutcome;
  /** The actor after it. */
  readonly cell: Cell;
  readonly record: BatchRecord;
  /** Which message of its batch it is, from 0. */
  readonly index: number;
}

/** The actor took mail in this batch that was kept while it was suspended: a fold can begin behind it (O4). */
export class TookMail extends NotKept {
  readonly batch: number;

  constructor(batch: number) {
    super(`in batch ${batch} it took mail that was kept while it was suspended`);
    this.batch = batch;
  }
}

export interface FoldRange {
  readonly partition: number;
  readonly from: KeptState;
  /** Number of the first batch that is not folded any more. */
  readonly before: number;
}

const BATCHES_PAGE = 256;
const decoder = new TextDecoder();

/** The actor as a kept state has it. Throws NotKept where this code can't read it. */
export function cellOf(address: Address, kind: ActorKind, kept: Omit<KeptState, 'batch' | 'atMs'>): Cell {
  if (kept.state === null) return emptyCell(address, kind);
  const { version, stateVersion, timers } = kept;
  const state: unknown = JSON.parse(kept.state);
  const read = readCell(address, kind, { version, stateVersion, state, timers, changedAtMs: 0 });
  if (!read.ok) throw new NotKept(`the state at version ${version} can't be read: ${read.error}`);
  return read.cell;
}

/** The turns of an actor in this range, one after the other. */
export async function* foldActor(
  ports: FoldPorts,
  { address, kind }: { address: Address; kind: ActorKind },
  { partition, from, before }: FoldRange,
): AsyncGenerator<FoldStep> {
  const name = formatAddress(address);
  const lanes = {
    data: new LaneJournal(ports.log, 'data', partition),
    control: new LaneJournal(ports.log, 'control', partition),
  };
  let cell = cellOf(address, kind, from);
  for await (const record of recordsAfter(ports.past, { partition, after: from.batch, before })) {
    if (mailIn(record.order).includes(name)) {
      throw new TookMail(record.batch);
    }
    if (lanes.data.read + lanes.control.read > ports.messagesMax) {
      throw new NotKept(`more than ${ports.messagesMax} messages of partition ${partition} lie between`);
    }
    for (const taken of await messagesOf(record, lanes)) {
      const envelope = taken.isTurn ? envelopeTo(name, taken.delivery) : null;
      if (!envelope) continue;
      const { seq, atMs } = taken.delivery;
      const place: Place = { generation: record.generation, lane: taken.lane, seq, atMs };
      const outcome = takeTurn(cell, envelope, place);
      cell = nextCell(outcome.cell);
      yield { envelope, place, outcome, cell, record, index: taken.index };
    }
  }
}

async function* recordsAfter(
  past: Past,
  { partition, after, before }: { partition: number; after: number; before: number },
): AsyncGenerator<BatchRecord> {
  let last = after;
  while (last < before - 1) {
    const page = await past.batches(partition, { after: last, before, limit: BATCHES_PAGE });
    for (const record of page) {
      if (record.batch !== last + 1) break;
      last = record.batch;
      yield record;
    }
    if (page.length === 0 || page.at(-1)?.batch !== last) {
      throw new NotKept(`the record of batch ${last + 1} of partition ${partition} is not kept`);
    }
  }
}

interface TakenMessage {
  readonly lane: Lane;
  readonly delivery: Delivery;
  readonly isTurn: boolean;
  readonly index: number;
}

async function messagesOf(
  record: BatchRecord,
  lanes: Readonly<Record<Lane, LaneJournal>>,
): Promise<TakenMessage[]> {
  const order = parseFoldOrder(record.order);
  const waiting: Record<Lane, Delivery[]> = { data: [], control: [] };
  for (const lane of LANES) {
    const count = order.filter((taken) => taken.lane === lane).length;
    waiting[lane] = await lanes[lane].take(record[lane], count);
  }
  const again = new FoldOrder();
  const messages = order.flatMap((taken, index) => {
    const delivery = waiting[taken.lane].shift();
    if (!delivery) return [];
    again.take(taken, delivery.id);
    return [{ ...taken, delivery, index }];
  });
  if (again.digest !== record.digest) {
    throw new NotKept(
      `the log holds other messages by now than batch ${record.batch} of ${record.partition} took`,
    );
  }
  return messages;
}

/** The envelope where it is to this actor. Most are not, and need no parsing to be seen as such. */
function envelopeTo(name: string, { bytes }: Delivery): Envelope | null {
  if (!decoder.decode(bytes).includes(name)) return null;
  const decoded = decodeEnvelope(bytes);
  return decoded.ok && decoded.envelope.to === name ? decoded.envelope : null;
}
