/** A gateway in a process of its own for the load test: its live side on a real nats-server, the rest in memory. */
import '#gateway/small-heap.ts';
import { connect } from '@nats-io/transport-node';
import { buildServer } from '#gateway/server.ts';
import { buildLogger } from '#runtime/logger.ts';
import { watchEvents } from '#runtime/nats/events.ts';
import { buildMessages } from '#runtime/nats/messages.ts';
import { pastPage } from '#runtime/nats/past-page.ts';
import { MemoryClient } from '#runtime/testing/client.ts';

/** What the parent is told when it asks. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

const PARTITIONS = 64;
const [natsUrl = ''] = process.argv.slice(2);

const logger = buildLogger({ level: 'error', role: 'gateway' });
const connection = await connect({ servers: natsUrl });
const client = new MemoryClient();
client.watchEvents = (onEvent) => watchEvents({ connection, logger }, onEvent);
client.pastPage = (query) => pastPage(connection, query);
const reads = { cluster: async () => ({ partitionCount: PARTITIONS }) };
Object.defineProperty(client, 'messages', { value: buildMessages({ connection, reads, logger }) });
const config = { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 1_000, auth: 'off' as const };
const app = buildServer({ client, config, logger, now: Date.now });
const address = await app.listen({ port: 0, host: '127.0.0.1' });

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const usage: Usage = { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() };
  process.send?.(usage);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ address });
