import { afterEach, expect, test } from 'vitest';
import { Activations, type Job } from './activations.ts';
import { emptyCell } from './cell.ts';
import { COUNTER } from './testing/counter.ts';
import { counterAddress } from './testing/envelopes.ts';

const ROOMY = 1_000_000;
let opened: Activations | null = null;

afterEach(() => opened?.stop());

function open(bytesMax: number, dirty: ReadonlySet<string> = new Set()): Activations {
  opened = new Activations({ bytesMax, isDirty: (_partition, name) => dirty.has(name) });
  return opened;
}

function activate(activations: Activations, id: string, { chars = 0, nowMs = 0, partition = 0 } = {}): void {
  const state = { count: 0, seen: ['x'.repeat(chars)] };
  const cell = { ...emptyCell(counterAddress(id), COUNTER), version: 1, state };
  activations.activate(cell, partition, nowMs);
}

const names = (activations: Activations, ids: readonly string[]) =>
  ids.filter((id) => activations.has(counterAddress(id)));

/** Resolves when the job was done and what became of it was counted. */
async function tell(activations: Activations, id: string, job: Job): Promise<void> {
  const done = Promise.withResolvers<void>();
  activations.tell(counterAddress(id), job, 0);
  const last: Job = (cell) => {
    done.resolve();
    return cell;
  };
  activations.tell(counterAddress(id), last, 0);
  await done.promise;
}

test('past the bound of memory the least used leave it, the one used last stays', async () => {
  const activations = open(30_000);
  for (const id of ['a', 'b', 'c']) activate(activations, id, { chars: 5_000 });
  await tell(activations, 'a', (cell) => cell);

  expect(activations.shrink()).toBe(1);
  expect(names(activations, ['a', 'b', 'c'])).toEqual(['a', 'c']);
  expect(activations.shrink()).toBe(0);
});

test('an actor with turns that are not committed stays, however little room there is', () => {
  const dirty = new Set([`counter/test/a`]);
  const activations = open(1, dirty);
  for (const id of ['a', 'b']) activate(activations, id);

  activations.shrink();
  activations.passivateIdle(ROOMY);
  expect(names(activations, ['a', 'b'])).toEqual(['a']);

  dirty.clear();
  expect(activations.shrink()).toBe(1);
  expect(activations.bytes).toBe(0);
});

test('a state that grows and shrinks is counted as it is', async () => {
  const activations = open(ROOMY);
  activate(activations, 'a');
  const before = activations.bytes;

  await tell(activations, 'a', (cell) => ({ ...cell, state: 'x'.repeat(10_000) }));
  const grown = activations.bytes;
  await tell(activations, 'a', (cell) => ({ ...cell, state: null }));

  expect(grown).toBeGreaterThanOrEqual(before + 10_000);
  expect(activations.bytes).toBeLessThanOrEqual(before);
});

test('the idle leave, and those that ended whatever their last use', () => {
  const activations = open(ROOMY);
  for (const [id, nowMs] of [
    ['a', 1],
    ['b', 5],
    ['c', 9],
  ] as const)
    activate(activations, id, { nowMs });
  activations.markEnded(counterAddress('c'));

  expect(activations.passivateIdle(5)).toBe(2);
  expect(names(activations, ['a', 'b', 'c'])).toEqual(['b']);
});

test('a partition that is dropped leaves nothing behind', () => {
  const activations = open(ROOMY);
  for (const [id, partition] of [
    ['a', 1],
    ['b', 2],
    ['c', 1],
  ] as const)
    activate(activations, id, { partition });
  activations.markEnded(counterAddress('a'));

  activations.dropPartition(1);
  expect(names(activations, ['a', 'b', 'c'])).toEqual(['b']);
  activations.dropPartition(2);

  expect([activations.size, activations.bytes]).toEqual([0, 0]);
});
