/**
 * The counter on BullMQ: a job an ask, its id the idempotency key, a worker that moves the counter in the same Redis,
 * and the caller answered when the job is done. REDIS_PORT is that of a Redis with `appendfsync always`.
 */
import { createServer } from 'node:http';
import { Queue, QueueEvents, Worker } from 'bullmq';

const { PORT, REDIS_PORT } = process.env;
const PATH = /^\/counters\/([\w-]{1,128})\/add$/;
const connection = { host: '127.0.0.1', port: Number(REDIS_PORT) };
const NAME = 'counters';

const queue = new Queue(NAME, { connection });
const events = new QueueEvents(NAME, { connection });
events.setMaxListeners(0);
const redis = await queue.client;
const worker = new Worker(NAME, ({ data }) => redis.incrby(`bench:${data.id}`, data.by), {
  connection,
  concurrency: 64,
});
await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);

const server = createServer((request, response) => {
  const id = PATH.exec(request.url ?? '')?.[1];
  const answer = (status, body) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  let text = '';
  request.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  request.on('end', async () => {
    if (id === undefined) return answer(404, { error: 'no such path' });
    try {
      const { by } = JSON.parse(text);
      const jobId = String(request.headers['idempotency-key']);
      const job = await queue.add('add', { id, by }, { jobId, removeOnComplete: { age: 86_400 } });
      answer(200, { count: await job.waitUntilFinished(events, 10_000) });
    } catch (error) {
      answer(500, { error: String(error) });
    }
  });
});
process.on('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await Promise.allSettled([worker.close(), events.close(), queue.close()]);
  process.exit(0);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(JSON.stringify({ msg: 'ready' })));
