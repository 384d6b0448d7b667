/** Whether the process lives, whether the system can work, and its measures. */
import { z } from 'zod';
import type { Fault } from '#protocols/failure.ts';
import { HealthView, ReadyView } from '#protocols/http/health.ts';
import type { ClusterHealth } from '#runtime/client.ts';
import type { App, GatewayContext } from '../context.ts';
import { json, NOT_READY_PROBLEM, Refused } from '../failures.ts';
import type { Metrics } from '../metrics.ts';

const tags = ['health'];
const HEALTH_TIMEOUT_MS = 3_000;
const RETRY_AFTER_SECONDS = 2;

export function healthRoutes(app: App, context: GatewayContext): void {
  app.get(
    '/health',
    {
      schema: {
        operationId: 'getHealth',
        tags,
        summary: 'Whether this process answers',
        response: { 200: json('It does.', HealthView) },
      },
    },
    async () => ({ status: 'ok' as const, uptime_seconds: Math.round(process.uptime()) }),
  );
  app.get(
    '/ready',
    {
      schema: {
        operationId: 'getReady',
        tags,
        summary: 'Whether the system can work',
        description:
          'NATS and Postgres are there, and every partition has an owner that was heard lately and gets on.',
        response: { 200: json('It can.', ReadyView), ...NOT_READY_PROBLEM },
      },
    },
    async () => {
      const health = await withDeadline(context.client.health());
      const errors = missing(health);
      if (errors.length > 0) throw notReady(errors);
      const nodes = health.nodes.map(({ heardMsAgo, stuck, ...node }) => ({
        ...node,
        stuck: [...stuck],
        heard_ms_ago: heardMsAgo,
      }));
      return { status: 'ready' as const, partitions: health.partitions, owned: health.owned, nodes };
    },
  );
}

export function metricsRoute(app: App, metrics: Metrics): void {
  const Text = z.string().meta({ description: "Prometheus' text format." });
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        tags,
        summary: 'Measures of this process',
        response: { 200: { description: 'All of them.', content: { 'text/plain': { schema: Text } } } },
      },
    },
    async (_request, reply) => {
      const text = await metrics.read();
      return reply.type(metrics.contentType).serializer(String).send(text);
    },
  );
}

function missing(health: ClusterHealth): Fault[] {
  const faults: Fault[] = [];
  if (!health.nats) faults.push({ path: 'nats', message: 'NATS does not answer' });
  if (!health.postgres) faults.push({ path: 'postgres', message: 'Postgres does not answer' });
  const orphans = health.partitions - health.owned;
  if (health.partitions === 0)
    faults.push({ path: 'partitions', message: 'the partitions are not known yet' });
  if (orphans > 0) {
    faults.push({
      path: 'partitions',
      message: `${orphans} of ${health.partitions} partitions have no live owner`,
    });
  }
  for (const { id, stuck } of health.nodes) {
    for (const partition of stuck) {
      const message = `partition ${partition} applies nothing while messages wait, on ${id}`;
      faults.push({ path: 'partitions', message });
    }
  }
  return faults;
}

function notReady(errors: Fault[]): Refused {
  const detail = errors.map((fault) => fault.message).join('; ');
  return new Refused({ code: 'NOT_READY', detail, errors, retry_after_seconds: RETRY_AFTER_SECONDS });
}

/** Who asks whether we are ready wants an answer soon, above all when we are not. */
async function withDeadline(health: Promise<ClusterHealth>): Promise<ClusterHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const fault = { path: 'health', message: 'the state of the system could not be read in time' };
    timer = setTimeout(() => reject(notReady([fault])), HEALTH_TIMEOUT_MS);
  });
  try {
    return await Promise.race([health, late]);
  } catch (error) {
    if (error instanceof Refused) throw error;
    throw notReady([{ path: 'health', message: 'the state of the system could not be read' }]);
  } finally {
    clearTimeout(timer);
  }
}
