import { expect, test } from 'vitest';
import { type ReplyKey, ReplyLookups } from './reply-lookups.ts';

const known = (key: ReplyKey) => ({ ...key, bodyHash: 'h', reply: { ok: true, value: key.key } }) as const;

test('all who ask while a read is under way share the next one, and each gets its own reply', async () => {
  const reads: string[][] = [];
  const lookups = new ReplyLookups(async (keys) => {
    reads.push(keys.map(({ key }) => key));
    await new Promise((resolve) => setImmediate(resolve));
    return keys.filter(({ key }) => key !== 'new').map(known);
  });
  const find = (key: string) => lookups.find({ tenant: 't', key });

  const first = [find('a'), find('new')];
  await new Promise((resolve) => setImmediate(resolve));
  const found = await Promise.all([...first, find('b'), find('c')]);

  expect(found.map((reply) => reply?.reply)).toEqual(
    ['a', null, 'b', 'c'].map((value) => (value === null ? undefined : { ok: true, value })),
  );
  expect(reads).toEqual([
    ['a', 'new'],
    ['b', 'c'],
  ]);
});

test('one key of two tenants is two keys', async () => {
  const lookups = new ReplyLookups(async () => [known({ tenant: 'one', key: 'k' })]);

  expect(await lookups.find({ tenant: 'two', key: 'k' })).toBeNull();
});

test('a read that fails rejects those who asked in it, and the next ones are read for', async () => {
  let isAway = true;
  const lookups = new ReplyLookups(async (keys) => {
    if (isAway) throw new Error('away');
    return keys.map(known);
  });

  await expect(lookups.find({ tenant: 't', key: 'a' })).rejects.toThrow('away');
  isAway = false;
  expect(await lookups.find({ tenant: 't', key: 'a' })).toMatchObject({ key: 'a' });
});
