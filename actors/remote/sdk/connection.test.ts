import { expect, test } from 'vitest';
import { readServers } from './connection.ts';

test('addresses come as one, with commas, or as a list', () => {
  expect(readServers('nats://a:4222').servers).toEqual(['nats://a:4222']);
  expect(readServers('nats://a:1, b:2').servers).toEqual(['nats://a:1', 'b:2']);
  expect(readServers(['a', 'tls://b']).servers).toEqual(['a', 'tls://b']);
});

test('a name and a password, or a token, in an address are taken from it', () => {
  expect(readServers('nats://me:p%40ss@a:4222,nats://b:4222')).toEqual({
    servers: ['nats://a:4222', 'nats://b:4222'],
    login: { user: { name: 'me', password: 'p@ss' } },
  });
  expect(readServers('nats://s3cret@a')).toEqual({ servers: ['nats://a'], login: { token: 's3cret' } });
  expect(readServers('nats://a').login).toEqual({});
});
