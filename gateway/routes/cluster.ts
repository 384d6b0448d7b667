/** Nodes, partitions and single actors, as the runtime has them. */
import { formatAddress } from '#protocols/address.ts';
import { ActorParams, ActorView, ClusterView } from '#protocols/http/cluster.ts';
import { API_PREFIX, type App, addressOf, etagOf, type GatewayContext } from '../context.ts';
import { json, LIST_PROBLEMS, READ_PROBLEMS, Refused } from '../failures.ts';

const tags = ['cluster'];

export function clusterRoutes(app: App, context: GatewayContext): void {
  addCluster(app, context);
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
      return {
        partition_count: partitions.length,
        owned: health.owned,
        nodes: health.nodes.map(({ heardMsAgo, ...node }) => ({ ...node, heard_ms_ago: heardMsAgo })),
        partitions: partitions.map(({ controlCursor, movedAtMs, ...partition }) => ({
          ...partition,
          is_owner_heard: partition.owner !== null && heard.has(partition.owner),
          control_cursor: controlCursor,
          moved_at: new Date(movedAtMs).toISOString(),
        })),
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
