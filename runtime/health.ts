/** A node's own /health, /ready and /metrics, on loopback. */
import { createServer, type Server } from 'node:http';
import type { RuntimeMetrics } from './metrics.ts';
import type { RuntimeNode } from './node.ts';

/** Serves until closed. Port 0 serves nothing and returns null. */
export async function serveHealth(
  port: number,
  parts: { node: RuntimeNode; metrics: RuntimeMetrics },
): Promise<Server | null> {
  if (port === 0) return null;
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string) =>
      response.writeHead(status, { 'content-type': type }).end(body);
    const json = (status: number, body: unknown) => send(status, 'application/json', JSON.stringify(body));
    if (request.url === '/health') return json(200, { status: 'alive' });
    if (request.url === '/ready') {
      const { node } = parts;
      const body = { settled: node.isSettled, partitions: node.held().length, lag: node.lag };
      return json(node.isSettled ? 200 : 503, body);
    }
    if (request.url !== '/metrics') return json(404, { error: 'try /health, /ready or /metrics' });
    return parts.metrics.registry.metrics().then(
      (text) => send(200, parts.metrics.registry.contentType, text),
      () => json(500, { error: 'metrics failed' }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}
