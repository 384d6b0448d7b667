import { expect, test } from 'vitest';
import { uuidFromHash, uuidFromTime } from './ids.ts';

test('a UUIDv7 carries its time first, so that ids sort by it', () => {
  const early = uuidFromTime(1_700_000_000_000, new Uint8Array(10).fill(255));
  const late = uuidFromTime(1_700_000_000_001, new Uint8Array(10));

  expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(early < late).toBe(true);
});

test('a derived id is a UUIDv8 and the same each time', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index * 7);

  expect(uuidFromHash(bytes)).toBe(uuidFromHash(bytes));
  expect(uuidFromHash(bytes)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
