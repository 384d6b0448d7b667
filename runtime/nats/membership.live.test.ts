import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll } from 'vitest';
import { findNatsServer } from '#ops/dev/nats-binary.ts';
import { type NatsServer, startNatsServer } from '#ops/dev/nats-server.ts';
import { systemClock } from '../clock.ts';
import { type MembershipsUnderTest, testMembership } from '../contracts/membership-contract.ts';
import { buildLogger } from '../logger.ts';
import { connectNats } from './connection.ts';
import { NatsMembership } from './membership.ts';

const logger = buildLogger({ level: 'silent', role: 'test' });
let folder: string;
let server: NatsServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-members-'));
  server = await startNatsServer({ binary: await findNatsServer({ env: process.env }), dataDir: folder });
});

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<MembershipsUnderTest> {
  const joined: { membership: NatsMembership; connection: NatsConnection }[] = [];
  return {
    async join() {
      const connection = await connectNats({ url: server.url, name: 'contract', logger });
      const membership = new NatsMembership(connection, systemClock);
      joined.push({ membership, connection });
      return { membership, kill: () => connection.close() };
    },
    elapse: (ms) => sleep(ms),
    async stop() {
      for (const { membership, connection } of joined) {
        membership.stop();
        await connection.close();
      }
    },
  };
}

testMembership(open);
