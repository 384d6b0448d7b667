/** Nodes, partitions and single actors, as the runtime has them. */
import { formatAddress } from '#protocols/address.ts';
import {
  ActorParams,
  ActorView,
  ClusterView,
  HandOverList,
  HandOversQuery,
} from '#protocols/http/cluster.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';

const tags = ['cluster'];
const FULLEST_MAX = 32;

export function clusterRoutes(app: App, context: GatewayContext): void {
  addCluster(app, context);
  addHandOvers(app, context);
  addActor(app, context);
}

function addCluster(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/cluster`,
    {
      schema: {
        operationId: 'getCluster',
        tags,
        summary: 'Nodes, and who has which partition',
        response: { 200: json('As of now.', ClusterView), ...LIST_PROBLEMS },
      },
    },
    async () => {
      const [health, partitions] = await Promise.all([context.client.health(), context.client.partitions()]);
      const heard = new Set(health.nodes.map(({ id }) => id));
      const { behind, fullest } = context.client.news();
      const loads = new Map(behind.map((load) => [load.id, load]));
      return {
        partition_count: partitions.length,
        owned: health.owned,
        nodes: health.nodes.map(({ heardMsAgo, stalled, stuck, ...node }) => ({
          ...node,
          heard_ms_ago: heardMsAgo,
          is_stalled: stalled,
          stuck: [...stuck],
        })),
        partitions: partitions.map(({ controlCursor, movedAtMs, ...partition }) => ({
          ...partition,
          is_owner_heard: partition.owner !== null && heard.has(partition.owner),
          control_cursor: controlCursor,
          moved_at: new Date(movedAtMs).toISOString(),
          lag: loads.get(partition.id)?.lag ?? null,
          oldest_ms: loads.get(partition.id)?.oldestMs ?? null,
        })),
        fullest: fullest
          .filter(({ to }) => to.split('/')[1] === context.tenant)
          .slice(0, FULLEST_MAX)
          .map(({ to, waiting }) => ({ address: to, waiting })),
      };
    },
  );
}

function addHandOvers(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/cluster/hand-overs`,
    {
      schema: {
        operationId: 'listHandOvers',
        tags,
        summary: 'List partitions that went from node to node',
        description:
          'As this gateway heard it from the nodes since it was started; the newest 500 are kept. Which node has a ' +
          'partition for good is decided in the store: see the cluster itself.',
        querystring: HandOversQuery,
        response: { 200: json('Newest first.', HandOverList), ...LIST_PROBLEMS },
      },
    },
    async (request) => {
      const { sinceMs, handedOver } = context.client.news();
      const items = handedOver.slice(0, request.query.limit);
      return {
        since: new Date(sinceMs).toISOString(),
        items: items.map(({ atMs, ...item }) => ({ ...item, at: new Date(atMs).toISOString() })),
      };
    },
  );
}

function addActor(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/actors/:type/:id`,
    {
      schema: {
        operationId: 'getActor',
        tags,
        summary: 'Look into an actor',
        description: 'Its state as it was last committed, its timers, and where it lives.',
        params: ActorParams,
        response: { 200: json('The actor.', ActorView), ...READ_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { type, id } = request.params;
      const found = await context.client.inspect(addressOf(context, type, id));
      if (!found) throw new Refused({ code: 'NOT_FOUND', detail: `there is no ${type} ${id}` });
      const timers = Object.entries(found.timers).sort(([, a], [, b]) => a.atMs - b.atMs);
      reply.header('etag', etagOf(found.version));
      return {
        address: formatAddress(found.address),
        version: found.version,
        state_version: found.stateVersion,
        partition: found.partition,
        owner: found.owner,
        timers: timers.map(([key, { atMs }]) => ({ key, at: new Date(atMs).toISOString() })),
        created_at: new Date(found.createdAtMs).toISOString(),
        updated_at: new Date(found.updatedAtMs).toISOString(),
        state: found.state,
      };
    },
  );
}
