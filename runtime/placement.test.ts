import { expect, test } from 'vitest';
import { placePartition, shareOf } from './placement.ts';
import { Random } from './testing/random.ts';

const ALL = Array.from({ length: 64 }, (_, partition) => partition);

test('every partition has exactly one place, whatever the order of the members', () => {
  for (const partition of ALL) {
    expect(placePartition(partition, ['a', 'b', 'c'])).toBe(placePartition(partition, ['c', 'a', 'b']));
  }
  const shares = ['a', 'b', 'c'].map((member) => shareOf(member, ['a', 'b', 'c'], 64));
  expect(shares.flatMap((share) => [...share]).sort((x, y) => x - y)).toEqual(ALL);
});

test('a member that joins takes from others and moves nothing between them', () => {
  for (const partition of ALL) {
    const before = placePartition(partition, ['a', 'b']);
    const after = placePartition(partition, ['a', 'b', 'c']);
    expect([before, 'c']).toContain(after);
  }
});

test('shares are about even', () => {
  for (const member of ['node.1f', 'node.2e', 'node.3d']) {
    const share = shareOf(member, ['node.1f', 'node.2e', 'node.3d'], 256).size;
    expect(share).toBeGreaterThan(50);
    expect(share).toBeLessThan(125);
  }
});

test('without members there is no place', () => {
  expect(placePartition(1, [])).toBeNull();
});

test('whoever comes or goes, only what must move moves: to the one that came, or from the one that went', () => {
  const random = new Random(7);
  let members = ['n0'];
  for (let step = 1; step <= 200; step++) {
    const isJoin = members.length === 1 || (members.length < 9 && random.chance(0.5));
    const leaver = isJoin ? null : random.pick(members);
    const after = isJoin ? [...members, `n${step}`] : members.filter((member) => member !== leaver);
    for (const partition of ALL) {
      const [from, to] = [placePartition(partition, members), placePartition(partition, after)];
      if (from !== to) expect(isJoin ? to : from).toBe(isJoin ? `n${step}` : leaver);
    }
    members = after;
  }
});
