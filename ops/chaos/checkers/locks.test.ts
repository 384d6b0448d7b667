import { expect, test } from 'vitest';
import { checkLocks, type Grant, type LockHistory } from './locks.ts';

/** Asked at its number, granted right then, let go half a second later. */
function grant(token: number, changes: Partial<Grant> = {}): Grant {
  const at = token * 1_000;
  return {
    name: 'press',
    owner: `owner-${token}`,
    token,
    askedMs: at,
    knownMs: at + 50,
    grantedMs: at + 50,
    releasedMs: at + 500,
    leaseEndsMs: at + 3_000,
    ...changes,
  };
}

function faults(history: Partial<LockHistory>): string[] {
  return checkLocks({ writes: [], grants: [], refused: [], ...history }).map(({ text }) => text);
}

const write = (n: number, token: number, owner = `owner-${token}`) => ({ name: 'press', n, token, owner });

test('a lock that is passed on in the order of asking is blameless', () => {
  const writes = [write(1, 1), write(2, 1), write(3, 2)];

  expect(faults({ writes, grants: [grant(1), grant(2), grant(3)] })).toEqual([]);
});

test('a register that took a smaller token after a larger one is found', () => {
  expect(faults({ writes: [write(1, 2), write(2, 1)] })).toEqual(['the register press took token 1 after 2']);
});

test('one token for two owners is found', () => {
  expect(faults({ writes: [write(1, 1), write(2, 1, 'thief')] })).toEqual([
    'token 1 is both that of owner-1 on press and of thief on press',
  ]);
});

test('a lock that is given away while its holder has it is held twice', () => {
  const long = grant(1, { releasedMs: 2_500 });

  expect(faults({ grants: [long, grant(2)] })).toEqual([
    'press was held twice: owner-2 got it 450 ms before owner-1 lost it',
  ]);
});

test('a lock whose lease is over may be given to the next, though its holder never let go', () => {
  const dead = grant(1, { releasedMs: null, leaseEndsMs: 2_000 });

  expect(faults({ grants: [dead, grant(2)] })).toEqual([]);
  expect(faults({ grants: [{ ...dead, leaseEndsMs: 4_000 }, grant(2)] })).toHaveLength(1);
});

test('who asked later and got the lock first is found', () => {
  const patient = grant(3, { askedMs: 500, knownMs: 600 });

  expect(faults({ grants: [grant(1), grant(2), patient] })).toEqual([
    'owner-2 got press before owner-3, who asked earlier',
  ]);
});

test('who asked at the same time may be given the lock in either order', () => {
  const same = grant(2, { askedMs: 990, knownMs: 1_100 });

  expect(faults({ grants: [grant(1), same] })).toEqual([]);
});

test('a holder that was refused while its lease ran is found; one whose lease was over was refused rightly', () => {
  const refused = { name: 'press', owner: 'owner-1', token: 1 };
  const grants = [grant(1, { releasedMs: null })];

  expect(faults({ grants, refused: [{ ...refused, atMs: 1_500 }] })).toEqual([
    'owner-1 was refused at press under token 1 while its lease ran',
  ]);
  expect(faults({ grants, refused: [{ ...refused, atMs: 4_500 }] })).toEqual([]);
});
