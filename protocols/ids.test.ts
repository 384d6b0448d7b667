import { expect, test } from 'vitest';
import { uuidFromHash, uuidFromTime } from './ids.ts';

test('a UUIDv7 carries its time first, so that ids sort by it', () => {
  const early = uuidFromTime(1_700_000_000_000, 'f'.repeat(20));
  const late = uuidFromTime(1_700_000_000_001, '0'.repeat(20));

  expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(early < late).toBe(true);
});

test('a derived id is a UUIDv8 and the same each time', () => {
  const digits = '0123456789abcdef'.repeat(2);

  expect(uuidFromHash(digits)).toBe(uuidFromHash(digits));
  expect(uuidFromHash(digits)).toMatch(
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});
