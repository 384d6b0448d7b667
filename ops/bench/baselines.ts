/** What the servers and libraries underneath can do by themselves, on this machine, now. */
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { headers, nanos } from '@nats-io/transport-node';
import { dispatch, spawn, start, stop } from 'nact';
import type { Bench, Prepared, Sample } from './bench.ts';
import type { Stage } from './stage.ts';

/** About what an envelope weighs. */
const BODY = new TextEncoder().encode(JSON.stringify({ filler: 'x'.repeat(330) }));
/** Publications under way at once. */
const WINDOW = 1_000;
const STREAM = 'BENCH';
const SUBJECT = 'bench.raw';
const CONSUMED = 50_000;
const ROWS = 256;

export const CORE_PUBLISH: Bench = {
  name: 'core-publish',
  what: 'NATS core publish of 350 bytes, one connection, nobody listens, flushed every 1,000. No guarantee at all.',
  figures: { rate: { title: 'core publish', unit: '/s' } },
  prepare: async (stage) => {
    const { connection } = stage;
    return timed(stage, async (isOver) => {
      let count = 0;
      while (!isOver()) {
        for (let index = 0; index < WINDOW; index++) connection.publish('bench.core', BODY);
        await connection.flush();
        count += WINDOW;
      }
      return count;
    });
  },
};

export const STREAM_PUBLISH: Bench = {
  name: 'stream-publish',
  what: 'JetStream publish to a file stream with message ids, 1,000 under way, by the client library: as the runtime does it.',
  figures: { rate: { title: 'JetStream publish, by the library', unit: '/s' } },
  prepare: async (stage) => {
    await makeStream(stage);
    const stream = jetstream(stage.connection);
    let id = 0;
    return timed(stage, (isOver) =>
      pipelined(isOver, async () => {
        await stream.publish(SUBJECT, BODY, { msgID: `l.${process.pid}.${id++}` });
      }),
    );
  },
};

export const RAW_STREAM_PUBLISH: Bench = {
  name: 'stream-publish-raw',
  what: 'The same as raw NATS publications whose acknowledgements come on one subscription: the floor of any client.',
  figures: { rate: { title: 'JetStream publish, raw', unit: '/s' } },
  prepare: async (stage) => {
    await makeStream(stage);
    const { connection } = stage;
    const inbox = `_INBOX.bench${process.pid}`;
    const waiting: (() => void)[] = [];
    let id = 0;
    // Acknowledgements of one stream come in the order of the publications.
    const subscription = connection.subscribe(inbox, { callback: () => waiting.shift()?.() });
    const prepared = timed(stage, (isOver) =>
      pipelined(isOver, () => {
        const head = headers();
        head.set('Nats-Msg-Id', `r.${process.pid}.${id++}`);
        connection.publish(SUBJECT, BODY, { headers: head, reply: inbox });
        return new Promise((resolve) => waiting.push(resolve));
      }),
    );
    return { ...prepared, stop: async () => subscription.unsubscribe() };
  },
};

export const CONSUME: Bench = {
  name: 'consume',
  what: `An unacknowledged pull consumer reads ${CONSUMED.toLocaleString('en')} stored messages through the library.`,
  figures: { rate: { title: 'JetStream consume', unit: '/s' } },
  prepare: async (stage) => {
    const manager = await makeStream(stage);
    const stream = jetstream(stage.connection);
    await manager.streams.purge(STREAM);
    let left = CONSUMED;
    await pipelined(
      () => left-- <= 0,
      async () => {
        await stream.publish(SUBJECT, BODY);
      },
    );
    const run = async (): Promise<Sample> => {
      const info = await manager.consumers.add(STREAM, {
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.All,
        mem_storage: true,
      });
      const beganMs = performance.now();
      const messages = await stream.consumers.getConsumerFromInfo(info).consume({ max_messages: 500 });
      let count = 0;
      for await (const message of messages) {
        message.info.streamSequence;
        if (++count === CONSUMED) break;
      }
      const seconds = (performance.now() - beganMs) / 1_000;
      await manager.consumers.delete(STREAM, info.name);
      return { rate: count / seconds };
    };
    return { warmUp: async () => void (await run()), run, stop: async () => undefined };
  },
};

export const UPSERT: Bench = {
  name: 'postgres-upsert',
  what: `Postgres, ${ROWS} rows of 60 bytes upserted by one unnest statement and transaction, one connection, fsync on.`,
  figures: {
    rate: { title: `upserted rows, ${ROWS} a commit`, unit: '/s' },
    commits: { title: 'commits of one row', unit: '/s' },
  },
  prepare: async (stage) => {
    const { sql } = stage;
    await sql`CREATE TABLE IF NOT EXISTS bench_upsert (id text PRIMARY KEY, state text NOT NULL) WITH (fillfactor = 80)`;
    let turn = 0;
    const upsert = async (count: number): Promise<void> => {
      const ids = Array.from({ length: count }, (_, index) => `row-${(turn * count + index) % 1_024}`);
      const states = ids.map(() => JSON.stringify({ count: turn, filler: 'x'.repeat(40) }));
      turn++;
      await sql`
        INSERT INTO bench_upsert SELECT * FROM unnest(${ids}::text[], ${states}::text[])
        ON CONFLICT (id) DO UPDATE SET state = excluded.state`;
    };
    const rateOf = (count: number) =>
      timed(stage, async (isOver) => {
        let rows = 0;
        for (; !isOver(); rows += count) await upsert(count);
        return rows;
      });
    const [many, one] = [rateOf(ROWS), rateOf(1)];
    return {
      warmUp: many.warmUp,
      run: async () => ({ ...(await many.run()), commits: (await one.run()).rate ?? 0 }),
      stop: async () => void (await sql`DROP TABLE bench_upsert`),
    };
  },
};

export const NACT_TELL: Bench = {
  name: 'nact-tell',
  what: 'nact alone: messages to 1,000 actors that count them, in memory, no envelope.',
  figures: { rate: { title: 'nact tell', unit: '/s' } },
  prepare: async (stage) => {
    const system = start();
    let done = 0;
    const refs = Array.from({ length: 1_000 }, (_, index) =>
      spawn(
        system,
        (count: number, by: number) => {
          done++;
          return count + by;
        },
        `a${index}`,
        { initialState: 0 },
      ),
    );
    const prepared = timed(stage, async (isOver) => {
      const before = done;
      while (!isOver()) {
        const wanted = done + 10_000;
        for (let index = 0; index < 10_000; index++) {
          const ref = refs[index % refs.length];
          if (ref) dispatch(ref, 1);
        }
        while (done < wanted) await new Promise((resolve) => setImmediate(resolve));
      }
      return done - before;
    });
    return { ...prepared, stop: async () => stop(system) };
  },
};

/** Runs `work` until it is over, and makes a rate of its count. */
export function timed(stage: Stage, work: (isOver: () => boolean) => Promise<number>): Prepared {
  const runFor = async (seconds: number): Promise<Sample> => {
    const beganMs = performance.now();
    const count = await work(() => performance.now() - beganMs >= seconds * 1_000);
    return { rate: count / ((performance.now() - beganMs) / 1_000) };
  };
  return {
    warmUp: async () => void (await runFor(Math.min(2, stage.seconds))),
    run: () => runFor(stage.seconds),
    stop: async () => undefined,
  };
}

/** Keeps `WINDOW` under way until it is over; returns how many were done. */
async function pipelined(isOver: () => boolean, once: () => Promise<void>): Promise<number> {
  let count = 0;
  const lane = async (): Promise<void> => {
    for (; !isOver(); count++) await once();
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return count;
}

async function makeStream(stage: Stage) {
  const manager = await jetstreamManager(stage.connection);
  const config = {
    name: STREAM,
    subjects: [SUBJECT],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: 512 * 1024 * 1024,
    duplicate_window: nanos(120_000),
  };
  await manager.streams.add(config).catch(() => manager.streams.update(STREAM, config));
  return manager;
}
