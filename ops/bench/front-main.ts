/**
 * A small HTTP front for the measured kind: Fastify with zod on both sides, the gateway's way of making a command, and
 * the same client as the gateway's. What the gateway adds (request ids, metrics, its log) is not in it.
 */
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { acceptMessage } from '#gateway/accept.ts';
import { newUuid } from '#gateway/context.ts';
import { startClient } from '#runtime/assembly.ts';
import { buildLogger } from '#runtime/logger.ts';
import { BENCH_TENANT, benchAddress } from './kinds.ts';

const ASK_TIMEOUT_MS = 10_000;

const { NATS_URL, DATABASE_URL, PORT } = z
  .object({ NATS_URL: z.string(), DATABASE_URL: z.string(), PORT: z.coerce.number() })
  .parse(process.env);
const logger = buildLogger({ level: 'info', role: 'front' });
const client = await startClient({
  natsUrl: NATS_URL,
  databaseUrl: DATABASE_URL,
  name: 'bench-front',
  logger,
});
const app = Fastify().withTypeProvider<ZodTypeProvider>();
app.setValidatorCompiler(validatorCompiler);
app.setSerializerCompiler(serializerCompiler);
app.post(
  '/counters/:id/add',
  {
    schema: {
      params: z.object({ id: z.string().max(128) }),
      headers: z.looseObject({ 'idempotency-key': z.string().max(200).optional() }),
      body: z.object({ by: z.number() }),
      response: { 200: z.object({ count: z.number() }), 500: z.looseObject({}) },
    },
  },
  async (request, reply) => {
    const asked = {
      tenant: BENCH_TENANT,
      by: 'user:bench',
      method: request.method,
      path: request.url,
      body: request.body,
      clientKey: request.headers['idempotency-key'] ?? null,
      trace: null,
      freshId: newUuid(Date.now()),
      timeoutMs: ASK_TIMEOUT_MS,
    };
    const message = { type: 'add', by: request.body.by };
    const answer = await client.ask(acceptMessage(asked, benchAddress(request.params.id), message));
    if (answer.ok) return { count: z.number().parse(answer.value) };
    return reply.code(500).send({ ...answer.failure });
  },
);
process.on('SIGTERM', () => {
  void app
    .close()
    .then(() => client.stop())
    .then(() => process.exit(0));
});
await app.listen({ host: '127.0.0.1', port: PORT });
logger.info({ port: PORT }, 'ready');
