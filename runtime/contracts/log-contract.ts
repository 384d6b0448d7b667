/** What every log must keep (L1, L2 of the port). */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { assert } from '#protocols/assert.ts';
import { type Lane, laneSubject } from '#protocols/subjects.ts';
import type { Delivery, Log, Position, Reader, ReaderOptions } from '../log.ts';

export interface LogUnderTest {
  readonly log: Log;
  /** Lets whatever is under way arrive, for at most so long. */
  until(check: () => boolean, withinMs?: number): Promise<void>;
  /** Waits long enough for anything that should not come. */
  linger(): Promise<void>;
  /** Takes all readers' consumers away behind their backs. */
  disturb(): Promise<void>;
  stop(): Promise<void>;
}

const START: Position = { seq: 0, id: null };
const decoder = new TextDecoder();

class Heard {
  readonly deliveries: Delivery[] = [];
  readonly broken: string[] = [];
  caughtUp = 0;

  get texts(): string[] {
    return this.deliveries.map((delivery) => decoder.decode(delivery.bytes));
  }

  position(index: number): Position {
    const delivery = this.deliveries[index];
    assert(delivery, 'so many were delivered');
    return { seq: delivery.seq, id: delivery.id };
  }
}

/** Registers the tests. `open` makes a log without messages. */
export function testLog(open: () => Promise<LogUnderTest>): void {
  let opened: LogUnderTest;
  let partitions = 0;
  const readers: Reader[] = [];

  beforeAll(async () => {
    opened = await open();
  });
  afterEach(async () => {
    await Promise.all(readers.splice(0).map((reader) => reader.stop()));
  });
  afterAll(() => opened?.stop());

  const publish = async (partition: number, texts: readonly string[], lane: Lane = 'data') => {
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text);
      await opened.log.publish({
        subject: laneSubject(lane, partition),
        id: `${lane}-${partition}-${text}`,
        bytes,
      });
    }
  };

  const read = async (
    partition: number,
    options: Partial<ReaderOptions> = {},
  ): Promise<Heard & { reader: Reader }> => {
    const heard = new Heard();
    const reader = await opened.log.read({
      lane: 'data',
      partition,
      after: START,
      onDelivery: (delivery) => {
        heard.deliveries.push(delivery);
      },
      onCaughtUp: () => {
        heard.caughtUp++;
      },
      onBroken: (reason) => heard.broken.push(reason),
      ...options,
    });
    readers.push(reader);
    return Object.assign(heard, { reader });
  };

  test('a reader gets what a partition has, in order, each with its place, id and time', async () => {
    const partition = partitions++;
    await publish(partition, ['a', 'b', 'c']);

    const heard = await read(partition);
    await opened.until(() => heard.deliveries.length === 3);

    expect(heard.texts).toEqual(['a', 'b', 'c']);
    expect(heard.deliveries.map(({ id }) => id)).toEqual(
      ['a', 'b', 'c'].map((text) => `data-${partition}-${text}`),
    );
    const seqs = heard.deliveries.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(new Set(seqs).size).toBe(3);
    expect(heard.deliveries.every(({ atMs }) => atMs > 1_600_000_000_000)).toBe(true);
    await opened.until(() => heard.caughtUp > 0);
    expect(heard.reader.pending).toBe(0);
  });

  test('a reader begins after the position it is given', async () => {
    const partition = partitions++;
    await publish(partition, ['a', 'b', 'c']);
    const first = await read(partition);
    await opened.until(() => first.deliveries.length === 3);

    const second = await read(partition, { after: first.position(1) });
    await opened.until(() => second.deliveries.length === 1 && second.caughtUp > 0);

    expect(second.texts).toEqual(['c']);
    expect(second.position(0)).toEqual(first.position(2));
  });

  test('a reader at the end hears that it has caught up, and then what comes', async () => {
    const partition = partitions++;
    await publish(partition, ['a']);
    const first = await read(partition);
    await opened.until(() => first.deliveries.length === 1);

    const second = await read(partition, { after: first.position(0) });
    await opened.until(() => second.caughtUp > 0);
    expect(second.reader.pending).toBe(0);
    await publish(partition, ['b']);
    await opened.until(() => second.deliveries.length === 1);

    expect(second.texts).toEqual(['b']);
    expect(second.broken).toEqual([]);
  });

  test('partitions and lanes are apart', async () => {
    const [one, two] = [partitions++, partitions++];
    const heard = await read(one);
    const control = await read(one, { lane: 'control' });

    await publish(two, ['other']);
    await publish(one, ['urgent'], 'control');
    await publish(one, ['mine']);
    await opened.until(() => heard.deliveries.length + control.deliveries.length === 2);
    await opened.linger();

    expect(heard.texts).toEqual(['mine']);
    expect(control.texts).toEqual(['urgent']);
  });

  test('a reader waits while its user is busy', async () => {
    const partition = partitions++;
    await publish(partition, ['a', 'b', 'c']);
    const busy = Promise.withResolvers<void>();
    const texts: string[] = [];

    await read(partition, {
      onDelivery: (delivery) => {
        texts.push(decoder.decode(delivery.bytes));
        return texts.length === 1 ? busy.promise : undefined;
      },
    });
    await opened.until(() => texts.length === 1);
    await opened.linger();
    expect(texts).toEqual(['a']);

    busy.resolve();
    await opened.until(() => texts.length === 3);
    expect(texts).toEqual(['a', 'b', 'c']);
  });

  test('a reader that finds another message at its position says so and delivers nothing', async () => {
    const partition = partitions++;
    await publish(partition, ['a', 'b', 'c']);
    const first = await read(partition);
    await opened.until(() => first.deliveries.length === 3);

    const heard = await read(partition, { after: { seq: first.position(1).seq, id: 'another' } });
    await opened.until(() => heard.broken.length > 0);
    await opened.linger();

    expect(heard.deliveries).toEqual([]);
    expect(heard.broken).toHaveLength(1);
  });

  test('a reader whose position lies beyond the log says so, and goes on saying nothing else', async () => {
    const partition = partitions++;
    await publish(partition, ['a']);

    const heard = await read(partition, { after: { seq: 1_000_000, id: 'far' } });
    await opened.until(() => heard.broken.length > 0);
    await publish(partition, ['b']);
    await opened.linger();

    expect(heard.deliveries).toEqual([]);
    expect(heard.broken).toHaveLength(1);
  });

  test('a stopped reader delivers nothing more', async () => {
    const partition = partitions++;
    const heard = await read(partition);
    await publish(partition, ['a']);
    await opened.until(() => heard.deliveries.length === 1);

    await heard.reader.stop();
    await publish(partition, ['b']);
    await opened.linger();

    expect(heard.texts).toEqual(['a']);
  });

  test('a reader whose consumer was lost goes on after its last message, without gap or repeat', async () => {
    const partition = partitions++;
    const heard = await read(partition);
    await publish(partition, ['a', 'b']);
    await opened.until(() => heard.deliveries.length === 2);

    await opened.disturb();
    await publish(partition, ['c', 'd']);
    await opened.until(() => heard.deliveries.length === 4, 20_000);

    expect(heard.texts).toEqual(['a', 'b', 'c', 'd']);
    expect(heard.broken).toEqual([]);
  });

  test('the same id published again soon after is kept once, and said to be kept', async () => {
    const partition = partitions++;

    await publish(partition, ['a', 'a', 'b']);
    const heard = await read(partition);
    await opened.until(() => heard.texts.includes('b'));

    expect(heard.texts).toEqual(['a', 'b']);
  });

  test('publications of one caller keep their order without waiting for each other', async () => {
    const partition = partitions++;
    const texts = Array.from({ length: 50 }, (_, index) => `m${index}`);

    await Promise.all(texts.map((text) => publish(partition, [text])));
    const heard = await read(partition);
    await opened.until(() => heard.deliveries.length === 50);

    expect(heard.texts).toEqual(texts);
  });

  test('trimming takes what is before a sequence from one lane, and leaves the message there', async () => {
    const [partition, other] = [partitions++, partitions++];
    await publish(other, ['x']);
    await publish(partition, ['a', 'b', 'c']);
    const first = await read(partition);
    await opened.until(() => first.deliveries.length === 3);

    await opened.log.trim('data', partition, first.position(1).seq);

    const again = await read(partition);
    const after = await read(partition, { after: first.position(1) });
    const beside = await read(other);
    await opened.until(() => again.deliveries.length === 2 && after.deliveries.length === 1);
    await opened.until(() => beside.deliveries.length === 1);
    expect(again.texts).toEqual(['b', 'c']);
    expect(after.texts).toEqual(['c']);
    const gone = await read(partition, { after: first.position(0) });
    await opened.until(() => gone.broken.length === 1);
  });

  test('a piece of a lane is read again after any sequence, up to a limit or to its end', async () => {
    const [partition, other] = [++partitions, ++partitions];
    await publish(partition, ['a', 'b', 'c', 'd']);
    await publish(other, ['x']);
    await publish(partition, ['urgent'], 'control');
    const journal = async (after: number, limit: number) =>
      opened.log.journal({ lane: 'data', partition, after, limit });
    const textsOf = (deliveries: readonly Delivery[]) =>
      deliveries.map((delivery) => decoder.decode(delivery.bytes));

    const all = await journal(0, 100);

    expect(textsOf(all)).toEqual(['a', 'b', 'c', 'd']);
    expect(all[0]).toMatchObject({ id: `data-${partition}-a` });
    expect(textsOf(await journal(all[1]?.seq ?? 0, 100))).toEqual(['c', 'd']);
    expect(textsOf(await journal(0, 2))).toEqual(['a', 'b']);
    expect(await journal(all[3]?.seq ?? 0, 100)).toEqual([]);
    await opened.log.trim('data', partition, all[2]?.seq ?? 0);
    expect(textsOf(await journal(0, 100))).toEqual(['c', 'd']);
  });
}
