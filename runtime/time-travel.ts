/**
 * Time travel: an actor's state and what it did at any point that is still kept, by folding its log again.
 *
 * V1. The past is cut where a state was kept: the pieces are looked through from the newest back, each folded once.
 * V2. A point that is not kept is refused with its reason; one that was never reached is not found.
 */

import { hash } from 'node:crypto';
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import type { Failure } from '#protocols/failure.ts';
import { partitionOf } from '#protocols/partition.ts';
import type { Cell } from './cell.ts';
import { cellOf, type FoldPorts, type FoldStep, foldActor } from './fold.ts';
import { NotKept } from './lane-journal.ts';
import type { ActorPast, KeptState } from './past.ts';
import type { ForkOrigin } from './store.ts';

export type Point =
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'message'; readonly id: string }
  /** As readers saw it then: after the last batch that was committed by that time. */
  | { readonly type: 'time'; readonly atMs: number }
  | { readonly type: 'now' };

/** An actor at a point. `step`: what led there; null where the point is a kept state, and nothing before it is. */
export interface Moment {
  readonly cell: Cell;
  readonly step: FoldStep | null;
}

/** Where in its partition's past a step is: `batch.index`. */
export interface StepPosition {
  readonly batch: number;
  readonly index: number;
}

export interface History {
  readonly steps: readonly FoldStep[];
  /** Where the next page begins; null at the end. */
  readonly next: StepPosition | null;
  /** What history begins with: the state before its first step. */
  readonly keptFrom: KeptState | null;
  readonly forkedFrom: ForkOrigin | null;
}

export type Found<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: Failure };

interface Known {
  readonly address: Address;
  readonly kind: ActorKind;
  readonly partition: number;
  readonly past: ActorPast;
}

/** A piece of the past: from a kept state up to the next. */
interface Piece {
  readonly from: KeptState;
  /** The first batch that is of the next piece. */
  readonly before: number;
  readonly next: KeptState | null;
}

export class TimeTravel {
  readonly #ports: FoldPorts;

  constructor(ports: FoldPorts) {
    this.#ports = ports;
  }

  /** The actor as it was at a point. */
  at(address: Address, point: Point): Promise<Found<Moment>> {
    return this.#look<Moment>(address, async (known) => {
      const pieces = piecesOf(known.past).filter((piece) => mayHold(piece, point));
      let missing: NotKept | null = null;
      for (const piece of pieces.reverse()) {
        try {
          const moment = await this.#find(known, piece, point);
          if (moment) return { ok: true, value: moment };
        } catch (error) {
          if (!(error instanceof NotKept)) throw error;
          // What is older is kept even less.
          missing = error;
          break;
        }
      }
      const kept = stateAt(known.past, point);
      if (kept) return { ok: true, value: { cell: cellOf(address, known.kind, kept), step: null } };
      return refuse(known, point, missing);
    });
  }

  /** The steps that are kept, oldest first, from `from` on. */
  history(
    address: Address,
    { from, limit }: { from: StepPosition | null; limit: number },
  ): Promise<Found<History>> {
    return this.#look<History>(address, async (known) => {
      const { past } = known;
      const steps: FoldStep[] = [];
      let begin = firstKept(past, await this.#oldestBatch(known.partition));
      if (begin && from) begin = past.bases.findLast((base) => base.batch < from.batch) ?? begin;
      const ends = { keptFrom: begin, forkedFrom: past.forkedFrom };
      if (!begin) return { ok: true, value: { steps, next: null, ...ends } };
      const range = { partition: known.partition, from: begin, before: past.nextBatch };
      for await (const step of foldActor(this.#ports, known, range)) {
        const { record, index } = step;
        const isBefore =
          from && (record.batch < from.batch || (record.batch === from.batch && index < from.index));
        if (isBefore) continue;
        if (steps.length === limit) {
          return { ok: true, value: { steps, next: { batch: record.batch, index }, ...ends } };
        }
        steps.push(step);
      }
      return { ok: true, value: { steps, next: null, ...ends } };
    });
  }

  async #look<Value>(address: Address, run: (known: Known) => Promise<Found<Value>>): Promise<Found<Value>> {
    const kind = this.#ports.kinds.get(address.type);
    const partition = partitionOf(address, this.#ports.partitionCount);
    const past = kind ? await this.#ports.past.find(address, partition) : null;
    if (!kind || !past || (!past.stored && past.bases.length === 0)) {
      const detail = `There is no ${formatAddress(address)}, and nothing is kept of one.`;
      return { ok: false, failure: { code: 'NOT_FOUND', detail } };
    }
    try {
      return await run({ address, kind, partition, past });
    } catch (error) {
      if (!(error instanceof NotKept)) throw error;
      return { ok: false, failure: { code: 'POINT_NOT_KEPT', detail: error.message } };
    }
  }

  async #oldestBatch(partition: number): Promise<number> {
    const range = { after: -1, before: Number.MAX_SAFE_INTEGER, limit: 1 };
    return (await this.#ports.past.batches(partition, range))[0]?.batch ?? Number.MAX_SAFE_INTEGER;
  }

  async #find(known: Known, { from, before }: Piece, point: Point): Promise<Moment | null> {
    const range = { partition: known.partition, from, before };
    let moment: Moment = { cell: cellOf(known.address, known.kind, from), step: null };
    for await (const step of foldActor(this.#ports, known, range)) {
      if (point.type === 'time' && step.record.atMs > point.atMs) return moment;
      moment = { cell: step.cell, step };
      if (point.type === 'message' && step.envelope.id === point.id) return moment;
      if (point.type === 'version' && step.outcome.changed && step.outcome.cell.version === point.version)
        return moment;
    }
    return point.type === 'now' || point.type === 'time' ? moment : null;
  }
}

/** Of a state: equal for equal states. */
export function digestOf(state: unknown): string {
  return hash('sha256', JSON.stringify(state));
}

function piecesOf({ bases, nextBatch }: ActorPast): Piece[] {
  return bases.map((from, index) => {
    const next = bases[index + 1] ?? null;
    return { from, before: next ? next.batch + 1 : nextBatch, next };
  });
}

function mayHold({ from, next }: Piece, point: Point): boolean {
  if (point.type === 'now') return next === null;
  if (point.type === 'time') return from.atMs <= point.atMs && (next === null || next.atMs > point.atMs);
  if (point.type === 'message') return true;
  return (
    from.version < point.version && (next === null || next.state === null || next.version >= point.version)
  );
}

/** A state that is there as it is, though nothing that led to it is. */
function stateAt({ bases, stored }: ActorPast, point: Point): Omit<KeptState, 'batch' | 'atMs'> | null {
  if (point.type === 'now') return stored;
  if (point.type !== 'version') return null;
  if (stored?.version === point.version) return stored;
  return bases.findLast(({ state, version }) => state !== null && version === point.version) ?? null;
}

/** The oldest kept state from which all batches are still recorded. */
function firstKept({ bases }: ActorPast, oldestBatch: number): KeptState | null {
  return bases.find(({ batch }) => batch >= oldestBatch - 1) ?? null;
}

function refuse({ address, past }: Known, point: Point, missing: NotKept | null): Found<never> {
  const name = formatAddress(address);
  if (missing) return { ok: false, failure: { code: 'POINT_NOT_KEPT', detail: missing.message } };
  const oldest = past.bases[0];
  const isOlder =
    !oldest ||
    (point.type === 'version' && point.version <= (past.stored?.version ?? 0)) ||
    (point.type === 'time' && point.atMs < oldest.atMs && oldest.state !== null);
  if (isOlder) {
    const since = oldest ? `from version ${oldest.version} on` : 'not yet';
    return {
      ok: false,
      failure: { code: 'POINT_NOT_KEPT', detail: `The past of ${name} is kept ${since}.` },
    };
  }
  const what = point.type === 'version' ? `version ${point.version}` : `such ${point.type}`;
  return { ok: false, failure: { code: 'NOT_FOUND', detail: `${name} has no ${what} that is kept.` } };
}
