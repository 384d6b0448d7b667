/**
 * A turn as its supervision lets it happen: taken, kept for later, refused; or an order to the runtime, obeyed here.
 * Called for the messages of one actor in the order of the log.
 */

import { formatAddress } from '#protocols/address.ts';
import { emit } from '#protocols/effects.ts';
import type { Reply } from '#protocols/failure.ts';
import { refuseSuspended, type Supervise } from '#protocols/supervision.ts';
import type { Cell } from './cell.ts';
import type { Item, SupervisedPart } from './item.ts';
import type { DeadLetter } from './store.ts';
import type { SupervisedRow, Supervision } from './supervision.ts';
import { isStale, setAside, type TurnOutcome, unchanged } from './turn.ts';

export interface SupervisedTurn {
  readonly outcome: TurnOutcome;
  readonly part: SupervisedPart | null;
}

const NO_PART: SupervisedPart = { row: null, kept: null, refusal: null };

/** Dead letters that are faults of their actor, and not of whoever sent the message. */
const FAULTS: ReadonlySet<DeadLetter['reason']> = new Set([
  'defect',
  'unreadable_state',
  'poison',
  'poison_state',
  'unwritable',
]);

type TurnItem = Item & { readonly fate: Extract<Item['fate'], { type: 'turn' }> };

/** `take` is the turn itself, which is not called where the actor takes nothing. */
export function takeSupervised(
  item: TurnItem,
  cell: Cell,
  { supervision, take }: { supervision: Supervision; take: () => TurnOutcome },
): SupervisedTurn {
  const { envelope, address } = item.fate;
  const { source } = envelope;
  if (source.kind === 'command' && source.supervise) {
    return obey(item, cell, { order: source.supervise, by: source.by, supervision });
  }
  const { status } = supervision.of(address);
  if (item.keptAs !== null) return takeKept(item, cell, { supervision, take });
  if (status !== 'active') return holdBack(item, cell, supervision);
  return afterTurn(item, take(), supervision);
}

function afterTurn(item: TurnItem, outcome: TurnOutcome, supervision: Supervision): SupervisedTurn {
  const { address, kind } = item.fate;
  if (!outcome.deadLetter || !FAULTS.has(outcome.deadLetter.reason)) return { outcome, part: null };
  const { reason, error } = outcome.deadLetter;
  const fault = { atMs: item.place.atMs, error, isLast: reason === 'poison_state' };
  const row = supervision.fault(address, kind, fault);
  const effects = row.status === 'suspended' ? [suspendedEvent(row)] : [];
  return { outcome: { ...outcome, effects }, part: { row, kept: null, refusal: null } };
}

/** Mail that was kept: its turn comes now, unless the actor was suspended again before it. */
function takeKept(
  item: TurnItem,
  cell: Cell,
  { supervision, take }: { supervision: Supervision; take: () => TurnOutcome },
): SupervisedTurn {
  const { address, envelope } = item.fate;
  const { status, by } = supervision.of(address);
  if (status === 'suspended') {
    return { outcome: unchanged(cell), part: { ...NO_PART, isLeft: true } };
  }
  const dropped = { reason: 'dropped', error: `dropped by ${by}` } as const;
  const { outcome } =
    status === 'dropping'
      ? { outcome: setAside(cell, envelope, dropped) }
      : afterTurn(item, take(), supervision);
  const row = supervision.taken(address, item.size);
  const effects = row.status === 'active' ? [...outcome.effects, resumedEvent(row)] : outcome.effects;
  return { outcome: { ...outcome, effects }, part: { row, kept: null, refusal: null } };
}

function obey(
  item: TurnItem,
  cell: Cell,
  { order, by, supervision }: { order: Supervise; by: string; supervision: Supervision },
): SupervisedTurn {
  const before = supervision.of(item.fate.address);
  const row = supervision.obey(item.fate.address, order, { by, atMs: item.place.atMs });
  const reply: Reply = { ok: true, value: { status: row.status, kept: row.kept } };
  if (row === before) {
    return { outcome: { ...unchanged(cell), reply }, part: { ...NO_PART, isNoTurn: true } };
  }
  const events = {
    active: [resumedEvent(row)],
    suspended: [suspendedEvent(row)],
    resuming: [],
    dropping: [],
  };
  const outcome = { ...unchanged(cell), reply, effects: events[row.status] };
  return { outcome, part: { row, kept: null, refusal: null, isNoTurn: true } };
}

function holdBack(item: TurnItem, cell: Cell, supervision: Supervision): SupervisedTurn {
  const { envelope, address } = item.fate;
  const { source } = envelope;
  if (source.kind === 'command') {
    const refusal: Reply = { ok: false, failure: refuseSuspended(supervision.of(address)) };
    return { outcome: unchanged(cell), part: { ...NO_PART, refusal, isNoTurn: true } };
  }
  // It is sent again until it was taken.
  if (source.kind === 'replay') {
    return { outcome: unchanged(cell), part: { ...NO_PART, isPutOff: true, isNoTurn: true } };
  }
  if (isStale(cell, envelope)) {
    return { outcome: { ...unchanged(cell), ignored: true }, part: null };
  }
  const row = supervision.keep(address, item.size);
  if (!row) {
    const error = `${formatAddress(address)} is suspended, and its kept mail is full`;
    return { outcome: setAside(cell, envelope, { reason: 'kept_mail_full', error }), part: null };
  }
  const { generation, lane, seq, atMs } = item.place;
  const kept = { address, n: row.lastKept, generation, lane, seq, atMs, body: item.body() };
  // A timer's row would send it again and again; its mark stays, and with it the message counts when it is taken.
  const timersDropped = source.kind === 'timer' ? [source.key] : [];
  return {
    outcome: { ...unchanged(cell), timersDropped },
    part: { row, kept, refusal: null, isNoTurn: true },
  };
}

function suspendedEvent({ reason, by }: SupervisedRow) {
  return emit('suspended', { reason, by });
}

function resumedEvent({ by }: SupervisedRow) {
  return emit('resumed', { by });
}
