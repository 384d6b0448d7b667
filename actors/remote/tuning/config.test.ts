import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

test('without settings it joins over HTTP at the gateway, builds data sets and does not claim to train', () => {
  const config = parseConfig({});

  expect(config).toMatchObject({ servers: 'http://127.0.0.1:8000', trainer: null, gateway: { key: null } });
  expect(config.card.capabilities.primary).toEqual(['dataset_building']);
});

test('with an endpoint it trains, under the name of its provider', () => {
  const config = parseConfig({
    NATS_URL: 'nats://n:4222',
    OIO_TRAINER_URL: 'https://trainer.example/v1',
    OIO_TRAINER_KEY: 'k',
    OIO_TRAINER_PROVIDER: 'acme',
  });

  expect(config.servers).toBe('nats://n:4222');
  expect(config.trainer).toEqual({
    endpoint: { url: 'https://trainer.example/v1', key: 'k' },
    provider: 'acme',
    pollMs: 15_000,
  });
  expect(config.card.capabilities.primary).toEqual([
    'dataset_building',
    'model_training',
    'openai_fine_tuning',
  ]);
});

test('over HTTP its key is what it joins with and what it reads with', () => {
  const config = parseConfig({ OIO_GATEWAY_URL: 'https://oio.example', OIO_KEY: 'k' });

  expect(config).toMatchObject({
    ...{ servers: 'https://oio.example', login: { token: 'k' } },
    gateway: { url: 'https://oio.example', key: 'k' },
  });
});

test('all wrong settings are told at once', () => {
  expect(() =>
    parseConfig({ OIO_TRAINER_URL: 'ftp://x', OIO_CAPACITY: '0', OIO_NATS_CREDENTIALS: '/none' }),
  ).toThrow(/OIO_CAPACITY[\s\S]*OIO_TRAINER_URL[\s\S]*OIO_NATS_CREDENTIALS/);
});
