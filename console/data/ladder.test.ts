import { expect, test } from 'vitest';
import type { LiveFrame } from '#protocols/events.ts';
import type { MessageFrame } from '#protocols/http/lanes.ts';
import { ladderOf, placeOf } from './ladder.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
const event = (seq: number, cause: string) =>
  ({ seq, timestamp: at(seq), payload: { id: `e${seq}`, cause, root: 'r' } }) as LiveFrame;
const message = (seq: number, id: string, cause: string | null) =>
  ({
    lane: 'data',
    type: 'message',
    seq,
    timestamp: at(seq),
    payload: { id, cause, root: 'r' },
  }) as MessageFrame;

test('a message stands between what caused it and what its turn gave', () => {
  const [first, second, third] = [message(1, 'm1', null), message(2, 'm2', 'm1'), message(4, 'm4', 'm2')];
  const [told, besides] = [event(3, 'm2'), event(5, 'm1')];

  const ladder = ladderOf(second, [third, told, second, besides, first]);

  expect(ladder.causedBy).toBe(first);
  expect(ladder.besides).toEqual([besides]);
  expect(ladder.caused).toEqual([told, third]);
  expect(ladder.ofRoot).toBe(5);
});

test('an event is a record: it causes nothing, and what led to it may not have passed', () => {
  const told = event(3, 'm2');

  expect(ladderOf(told, [told])).toEqual({ causedBy: null, besides: [], caused: [], ofRoot: 1 });
});

test('a frame is named in an address by its log and its place there', () => {
  expect([placeOf(event(3, 'm')), placeOf(message(4, 'm', null))]).toEqual(['evt:3', 'data:4']);
});
