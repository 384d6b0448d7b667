import { expect, test } from 'vitest';
import { CAPABILITIES } from '#protocols/capability.ts';
import { parseConfig } from './config.ts';

test('a command is all that must be given', () => {
  const config = parseConfig({ OIO_COMMAND: 'make test', OIO_WORK_DIR: '' });

  expect(config).toMatchObject({
    servers: 'nats://127.0.0.1:4222',
    command: 'make test',
    timeoutMs: 3_600_000,
    card: { name: 'AGENT-SHELL-1', max_concurrent_capacity: 2, heartbeat_seconds: 10 },
  });
  expect(config.card.capabilities.primary).toEqual([...CAPABILITIES]);
});

test('the command sees what is named and nothing else of our environment', () => {
  const given = {
    OIO_COMMAND: 'x',
    SECRET: 's',
    WANTED: 'w',
    OIO_COMMAND_ENV: 'WANTED, MISSING',
    HOME: '/h',
  };

  const { commandEnvironment, gitEnvironment } = parseConfig(given);

  expect(Object.keys(commandEnvironment).sort()).toEqual(['PATH', 'WANTED']);
  expect(gitEnvironment).toMatchObject({ HOME: '/h' });
});

test('with the address of a gateway it joins there, with its key for it', () => {
  const given = { OIO_COMMAND: 'x', OIO_GATEWAY_URL: 'http://127.0.0.1:8000' };

  expect(parseConfig(given).servers).toBe('http://127.0.0.1:8000');
  const tokens = { OIO_KEY: 'oio_dev_key', OIO_NATS_TOKEN: 'nats' };
  expect(parseConfig({ ...given, ...tokens }).login).toEqual({ token: 'oio_dev_key' });
  expect(parseConfig({ OIO_COMMAND: 'x', ...tokens }).login).toEqual({ token: 'nats' });
  expect(parseConfig({ ...given, ...tokens }).commandEnvironment).not.toHaveProperty('OIO_KEY');
});

test('all wrong settings are told at once', () => {
  const wrong = { OIO_CAPABILITIES: 'Not A Name', OIO_CAPACITY: '0', OIO_GATEWAY_URL: 'nats://x' };

  expect(() => parseConfig(wrong)).toThrow(/OIO_CAPABILITIES[\s\S]*OIO_CAPACITY[\s\S]*OIO_COMMAND/);
  expect(() => parseConfig({ ...wrong, OIO_COMMAND: 'x' })).toThrow(/OIO_GATEWAY_URL/);
});
