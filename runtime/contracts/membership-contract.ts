/** What every membership must keep: who is there is known soon, who is gone is gone within the lease. */
import { afterEach, expect, test } from 'vitest';
import { assert } from '#protocols/assert.ts';
import type { Membership, NodeReport } from '../membership.ts';

export interface MembershipsUnderTest {
  /** Another member; `kill` lets it fall silent without a word. */
  join(): Promise<{ membership: Membership; kill(): Promise<void> }>;
  elapse(ms: number): Promise<void>;
  stop(): Promise<void>;
}

/** By then whoever came is known, and whoever fell silent is not. */
const KNOWN_WITHIN_MS = 400;
const GONE_WITHIN_MS = 1_600;

/** Registers the tests. `open` makes a network that nobody is on. */
export function testMembership(open: () => Promise<MembershipsUnderTest>): void {
  let opened: MembershipsUnderTest | null = null;
  afterEach(async () => {
    await opened?.stop();
    opened = null;
  });

  const begin = async (ids: readonly string[]) => {
    const network = await open();
    opened = network;
    const nodes = [];
    for (const id of ids) {
      const { membership, kill } = await network.join();
      const report: { now: NodeReport } = {
        now: { id, draining: false, joining: false, stalled: false, partitions: [], lag: 0, stuck: [] },
      };
      const changes: string[] = [];
      membership.onChange(() =>
        changes.push(
          membership
            .members()
            .map((member) => member.id)
            .join(),
        ),
      );
      membership.start(() => report.now);
      nodes.push({ membership, kill, report, changes });
    }
    await network.elapse(KNOWN_WITHIN_MS);
    const [one, two] = nodes;
    assert(one && two, 'a test is about two nodes');
    return { network, one, two };
  };
  const names = (membership: Membership) => membership.members().map((member) => member.id);

  test('members know each other and themselves, sorted by id, with what each says of itself', async () => {
    const { one, two } = await begin(['b', 'a']);

    expect(names(one.membership)).toEqual(['a', 'b']);
    expect(names(two.membership)).toEqual(['a', 'b']);
    expect(one.membership.members()[0]).toMatchObject({
      id: 'a',
      draining: false,
      partitions: [],
      lag: 0,
    });
    expect(one.changes).toContain('a,b');
  });

  test('one member alone knows itself', async () => {
    const { one, two } = await begin(['a', 'b']);

    two.membership.stop();
    await opened?.elapse(100);

    expect(names(one.membership)).toEqual(['a']);
  });

  test('a member that leaves is gone at once, and the others are told', async () => {
    const { network, one, two } = await begin(['a', 'b']);
    one.changes.length = 0;

    two.membership.stop();
    await network.elapse(100);

    expect(one.changes).toEqual(['a']);
  });

  test('a member that falls silent stays for its lease, then is gone, and the others are told', async () => {
    const { network, one, two } = await begin(['a', 'b']);
    one.changes.length = 0;

    await two.kill();
    await network.elapse(300);
    expect(names(one.membership)).toEqual(['a', 'b']);
    await network.elapse(GONE_WITHIN_MS - 300);

    expect(names(one.membership)).toEqual(['a']);
    expect(one.changes).toContain('a');
  });

  test('a member that speaks stays for longer than its lease', async () => {
    const { network, one } = await begin(['a', 'b']);

    await network.elapse(2 * GONE_WITHIN_MS);

    expect(names(one.membership)).toEqual(['a', 'b']);
    expect(one.membership.members()[1]?.heardMsAgo).toBeLessThan(1_000);
  });

  test('a hand-over is heard when it is announced, without waiting for the next heartbeat', async () => {
    const { network, one, two } = await begin(['a', 'b']);
    one.changes.length = 0;

    two.report.now = { ...two.report.now, draining: true, partitions: [1, 2], lag: 3 };
    two.membership.announce();
    await network.elapse(50);

    expect(one.membership.members()[1]).toMatchObject({
      id: 'b',
      draining: true,
      partitions: [1, 2],
      lag: 3,
    });
    expect(one.changes).toEqual(['a,b']);
  });

  test('a hand-over is told to whom it is for, and to nobody else', async () => {
    const { network, one, two } = await begin(['a', 'b']);
    const told: string[] = [];
    one.membership.onHandOver(({ partition, epoch }) => told.push(`a ${partition} ${epoch}`));
    two.membership.onHandOver(({ partition, epoch }) => told.push(`b ${partition} ${epoch}`));

    one.membership.announce({ partition: 7, epoch: 3, to: 'b' });
    two.membership.announce();
    await network.elapse(50);

    expect(told).toEqual(['b 7 3']);
  });
}
