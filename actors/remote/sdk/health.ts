/** The agent's own /health and /ready: for whoever starts, watches and replaces its process. */
import { createServer } from 'node:http';
import type { Agent } from './agent.ts';

/** Where it listens: loopback, or in a container whatever others reach it by. */
export interface HealthPlace {
  readonly host: string;
  readonly port: number;
}

/** Serves until the process ends. Port 0 serves nothing. */
export async function serveHealth({ host, port }: HealthPlace, agent: Pick<Agent, 'whyIdle'>): Promise<void> {
  if (port === 0) return;
  const server = createServer((request, response) => {
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === '/health') return json(200, { status: 'alive' });
    if (request.url !== '/ready') return json(404, { error: 'try /health or /ready' });
    const reason = agent.whyIdle();
    return reason === null
      ? json(200, { status: 'ready', reasons: [] })
      : json(503, { status: 'not_ready', reasons: [reason] });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
}
