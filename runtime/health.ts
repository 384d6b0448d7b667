/** A node's own /health, /ready and /metrics. */
import { createServer, type Server } from 'node:http';
import type { NodeConfig } from './config.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { RuntimeNode } from './node.ts';
import { judge, type Readiness } from './readiness.ts';

/** Serves until closed. Port 0 serves nothing and returns null. */
export async function serveHealth(
  { OIO_NODE_HOST: host, OIO_NODE_PORT: port }: Pick<NodeConfig, 'OIO_NODE_HOST' | 'OIO_NODE_PORT'>,
  parts: { node: RuntimeNode; metrics: RuntimeMetrics },
): Promise<Server | null> {
  const { node, metrics } = parts;
  metrics.watch(() => ({ progress: node.progress(), readiness: judge(node) }));
  if (port === 0) return null;
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    const json = (status: number, body: unknown) => send(status, 'application/json', JSON.stringify(body));
    if (request.url === '/health') return json(200, { status: 'alive' });
    if (request.url === '/ready') {
      const readiness = judge(node);
      return json(readiness.isReady ? 200 : 503, viewOf(readiness));
    }
    if (request.url !== '/metrics') return json(404, { error: 'try /health, /ready or /metrics' });
    return metrics.registry.metrics().then(
      (text) => send(200, metrics.registry.contentType, text),
      () => json(500, { error: 'metrics failed' }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

function viewOf(readiness: Readiness) {
  return {
    status: readiness.isReady ? 'ready' : 'not_ready',
    reasons: readiness.reasons,
    partitions: readiness.partitions,
    lag: readiness.lag,
    oldest_ms: readiness.oldestMs,
    lease_age_ms: readiness.leaseAgeMs,
    store_silent_ms: readiness.storeSilentMs,
    behind: readiness.behind.map(({ id, lag, oldestMs, stillMs }) => ({
      partition: id,
      lag,
      oldest_ms: oldestMs,
      still_ms: stillMs,
    })),
  };
}
