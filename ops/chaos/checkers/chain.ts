/**
 * The chain of each partition, row by row as its transactions left it: a commit moves the batch by one under the epoch
 * that holds, taking over raises the epoch by one and moves nothing, a new generation begins from zero, and within a
 * generation no cursor falls. Pure.
 */
import type { Violation } from './violation.ts';

export interface Link {
  readonly partition: number;
  readonly epoch: number;
  readonly batch: number;
  readonly generation: number;
  readonly cursor: number;
  readonly controlCursor: number;
  readonly owner: string | null;
}

/** `links`: of all partitions, each in its order. */
export function checkChain(links: readonly Link[]): Violation[] {
  const last = new Map<number, Link>();
  const violations: Violation[] = [];
  for (const link of links) {
    const before = last.get(link.partition);
    const fault = before ? faultBetween(before, link) : null;
    if (fault) violations.push({ kind: 'chain', text: `partition ${link.partition}: ${fault}` });
    last.set(link.partition, link);
  }
  return violations;
}

function faultBetween(before: Link, after: Link): string | null {
  const at = `at epoch ${after.epoch}, batch ${after.batch}`;
  if (after.epoch < before.epoch) return `the epoch fell from ${before.epoch} ${at}`;
  if (after.batch < before.batch) return `the batch fell from ${before.batch} ${at}`;
  if (after.generation < before.generation) return `the generation fell from ${before.generation} ${at}`;
  const isCommit = after.batch !== before.batch;
  if (isCommit && after.batch !== before.batch + 1) return `the batch jumped from ${before.batch} ${at}`;
  if (isCommit && after.epoch !== before.epoch)
    return `a commit changed the epoch from ${before.epoch} ${at}`;
  if (isCommit && before.owner === null) return `a commit was made while nobody owned it ${at}`;
  if (after.epoch > before.epoch + 1) return `the epoch jumped from ${before.epoch} ${at}`;
  if (after.generation !== before.generation) {
    return after.epoch === before.epoch ? `a generation began without a new epoch ${at}` : null;
  }
  if (after.cursor < before.cursor) return `the cursor fell from ${before.cursor} to ${after.cursor} ${at}`;
  if (after.controlCursor < before.controlCursor) {
    return `the control cursor fell from ${before.controlCursor} to ${after.controlCursor} ${at}`;
  }
  return null;
}
