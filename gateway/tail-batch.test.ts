import fc from 'fast-check';
import { expect, test } from 'vitest';
import { merge, TailBatch, type TailFrame, type TailLimits, type TailPart, toPart } from './tail-batch.ts';

const LIMITS: TailLimits = { ordinaryMax: 10, weightyMax: 5, charsMax: 10_000 };

const frame = (isWeighty: boolean): TailFrame => {
  const type = isWeighty ? 'failed' : 'progressed';
  return { subject: `evt.dev.task.t.${type}`, type, isWeighty, text: `{"type":"${type}"}` };
};
const frames = (weights: readonly boolean[]) => weights.map(frame);
const read = (part: TailPart) =>
  JSON.parse(String(new TailBatch(part, { after: 3, through: 9, begins: false, atMs: 0 }).list));
const weightyOf = (part: TailPart) => part.frames.filter(({ isWeighty }) => isWeighty).length;

test('little is sent whole, with the stretch that it covers', () => {
  const batch = read(merge([toPart(frames([false, true]))], LIMITS));

  expect(batch).toEqual({
    type: 'tail',
    ...{ after: 3, through: 9, begins: false, matched: 2, left_out: 0, sample: 1, by_type: {} },
    timestamp: '1970-01-01T00:00:00.000Z',
    frames: [{ type: 'failed' }, { type: 'progressed' }].toReversed(),
  });
});

test('of much each k-th ordinary frame is kept and every one that weighs', () => {
  const weights = Array.from({ length: 44 }, (_, at) => at % 11 === 0);

  const part = merge([toPart(frames(weights))], LIMITS);

  expect(weightyOf(part)).toBe(4);
  expect(read(part)).toMatchObject({ matched: 44, left_out: 30, sample: 4, by_type: { progressed: 30 } });
});

test('however it is cut, merged and thinned, what is kept and what is left out add up to what was there', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.boolean(), { maxLength: 40 }), { maxLength: 8 }), (batches) => {
      const whole = batches.reduce<TailPart>(
        (before, weights) => merge([before, toPart(frames(weights))], LIMITS),
        toPart([]),
      );
      const { matched, left_out, frames: kept, by_type } = read(whole);
      const counted = Object.values(by_type).reduce<number>((sum, count) => sum + Number(count), 0);

      expect(matched).toBe(batches.flat().length);
      expect(kept.length + left_out).toBe(matched);
      expect(counted).toBe(left_out);
      expect(weightyOf(whole)).toBe(Math.min(LIMITS.weightyMax, batches.flat().filter(Boolean).length));
      expect(whole.frames.length - weightyOf(whole)).toBeLessThanOrEqual(LIMITS.ordinaryMax);
    }),
  );
});

test('long frames are fewer', () => {
  const long = { ...frame(false), text: JSON.stringify('x'.repeat(3_000)) };

  expect(merge([toPart(new Array(8).fill(long))], LIMITS).frames.length).toBeLessThanOrEqual(3);
});
