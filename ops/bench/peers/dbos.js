/**
 * The counter on DBOS, on the same Postgres: a durable workflow an ask, its id the idempotency key, its one step a
 * transaction that moves the counter and writes the step's record together.
 */
import { createServer } from 'node:http';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { PostgresDataSource } from '@dbos-inc/postgres-datasource';

const { PORT, DATABASE_URL } = process.env;
const PATH = /^\/counters\/([\w-]{1,128})\/add$/;

const address = new URL(DATABASE_URL);
const connection = {
  host: address.hostname,
  port: Number(address.port),
  user: decodeURIComponent(address.username),
  password: decodeURIComponent(address.password),
  database: address.pathname.slice(1),
  max: 20,
  onnotice: () => undefined,
};

await PostgresDataSource.initializeDBOSSchema(connection);
const source = new PostgresDataSource('counters', connection);

const move = source.registerTransaction(
  async (id, by) => {
    const [row] = await PostgresDataSource.client`
      INSERT INTO bench_dbos_counters VALUES (${id}, ${by})
      ON CONFLICT (id) DO UPDATE SET count = bench_dbos_counters.count + excluded.count RETURNING count`;
    return row.count;
  },
  { name: 'move', isolationLevel: 'READ COMMITTED' },
);
const add = DBOS.registerWorkflow(async (id, by) => move(id, by), { name: 'add' });

DBOS.setConfig({
  name: 'bench-peer',
  systemDatabaseUrl: DATABASE_URL,
  systemDatabasePoolSize: 20,
  logLevel: 'error',
  runAdminServer: false,
});
await DBOS.launch();

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
      const workflowID = String(request.headers['idempotency-key']);
      const handle = await DBOS.startWorkflow(add, { workflowID })(id, by);
      answer(200, { count: await handle.getResult() });
    } catch (error) {
      answer(500, { error: String(error) });
    }
  });
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void DBOS.shutdown().finally(() => process.exit(0));
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(JSON.stringify({ msg: 'ready' })));
