import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { startNatsServer } from '#ops/dev/nats-server.ts';
import { STREAMS } from '#protocols/subjects.ts';
import { type LogUnderTest, testLog } from '../contracts/log-contract.ts';
import { buildLogger } from '../logger.ts';
import { connectNats } from './connection.ts';
import { openNatsLog } from './log.ts';
import { ensureStreams } from './streams.ts';

/** Silence for so long is taken for the end of what comes. */
const LINGER_MS = 300;

/** A server of its own: streams belong to one cluster, and other tests have theirs. */
async function open(): Promise<LogUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'oio-log-'));
  const server = await startNatsServer({
    binary: await findNatsServer({ env: process.env }),
    dataDir: folder,
  });
  const logger = buildLogger({ level: 'silent', role: 'test' });
  const connection = await connectNats({ url: server.url, name: 'contract', logger });
  await ensureStreams(connection, { clusterId: randomUUID(), replicas: 1, eventsFirstSeq: 1, firstSeq: 1 });
  return {
    log: await openNatsLog(connection, logger),
    linger: () => sleep(LINGER_MS),
    async until(check, withinMs = 5_000) {
      const deadline = Date.now() + withinMs;
      while (!check()) {
        if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms`);
        await sleep(10);
      }
    },
    async disturb() {
      const { consumers } = await jetstreamManager(connection);
      for (const stream of [STREAMS.data, STREAMS.control]) {
        for await (const { name } of consumers.list(stream)) await consumers.delete(stream, name);
      }
    },
    async stop() {
      await connection.drain();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

testLog(open);
