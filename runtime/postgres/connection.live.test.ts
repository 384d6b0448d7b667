/** What a connection asks for by itself, and what arrays are on a real server. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, inject, onTestFinished, test } from 'vitest';
import { connectPostgres, type Sql } from './connection.ts';

function open(url: string): Sql {
  const sql = connectPostgres({ url, name: 'connection', connectionsMax: 1 });
  onTestFinished(() => sql.end({ timeout: 1 }));
  return sql;
}

/** A way to the server on which all that is asked is written down. */
async function listenIn(url: URL) {
  const asked: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(Number(url.port), url.hostname);
    near.on('data', (data) => asked.push(Buffer.from(data)));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const through = new URL(url);
  through.port = String((server.address() as AddressInfo).port);
  return { url: through.href, asked: () => Buffer.concat(asked).toString('latin1') };
}

test('a new connection asks nothing that nobody waits for: broken just then, it would end the process', async () => {
  const way = await listenIn(new URL(inject('databaseUrl')));

  await open(way.url)`SELECT 'mine'`;

  expect(way.asked()).toContain("SELECT 'mine'");
  expect(way.asked()).not.toContain('pg_type');
});

test('arrays go to the server and come back as what they were', async () => {
  const sql = open(inject('databaseUrl'));
  const texts = ['', 'null', 'a,b', '{x}', '"q"', 'b\\s', 'two\nlines', '🦉'];
  const uuid = '018f3f3e-0000-7000-8000-000000000000';

  const [row] = await sql`
    SELECT ${[1, -2]}::int[] AS ints, ${[2 ** 53 - 1]}::bigint[] AS bigints, ${texts}::text[] AS texts,
      ${[uuid]}::uuid[] AS uuids, ${[]}::text[] AS nothing, ${['a', null]}::text[] AS holes`;

  expect(row).toEqual({
    ints: [1, -2],
    bigints: [2 ** 53 - 1],
    texts,
    uuids: [uuid],
    nothing: [],
    holes: ['a', null],
  });
});

test('a transaction works as it did', async () => {
  const sql = open(inject('databaseUrl'));

  const [row] = await sql.begin((inside) => inside`SELECT ${[7]}::int[] AS ints`);

  expect(row).toEqual({ ints: [7] });
});
