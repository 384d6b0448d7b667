import { expect, test } from 'vitest';
import { isStoreAway } from './store-away.ts';

const withCode = (code: unknown, name = 'Error') => Object.assign(new Error('failed'), { code, name });

test.each([
  ['a refused connection', withCode('ECONNREFUSED')],
  ['a connection to Postgres that closed', withCode('CONNECTION_CLOSED')],
  ['Postgres that is starting', withCode('57P03', 'PostgresError')],
  ['Postgres that is shutting down', withCode('57P01', 'PostgresError')],
  ['Postgres with too many connections', withCode('53300', 'PostgresError')],
  ['NATS that does not answer', withCode(undefined, 'TimeoutError')],
  ['a stream without a leader', withCode(503, 'JetStreamStatusError')],
  ['JetStream that is not up yet', Object.assign(withCode(10_008, 'JetStreamApiError'), { status: 503 })],
  ['any of these as the cause', new Error('could not be read', { cause: withCode('EPIPE') })],
])('%s means that a store is away', (_what, error) => {
  expect(isStoreAway(error)).toBe(true);
});

test.each([
  ['a bug', new TypeError('x is not a function')],
  ['SQL that is wrong', withCode('42601', 'PostgresError')],
  ['a constraint', withCode('23505', 'PostgresError')],
  ['a statement that was cancelled', withCode('57014', 'PostgresError')],
  ['an unknown stream', Object.assign(withCode(10_059, 'JetStreamApiError'), { status: 404 })],
  ['a status of something else', withCode(503)],
  ['no error at all', '503'],
])('%s is none', (_what, error) => {
  expect(isStoreAway(error)).toBe(false);
});
