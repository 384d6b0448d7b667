import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

const needed = { NATS_URL: 'nats://127.0.0.1:4222', DATABASE_URL: 'postgres://127.0.0.1/oio' };

test('what is not set, or set to nothing, has its default', () => {
  const parsed = parseConfig({ ...needed, PORT: '', HOST: '' }, '/console');

  expect(parsed).toMatchObject({
    ok: true,
    config: {
      host: '127.0.0.1',
      port: 8_000,
      tenant: 'dev',
      consoleDir: '/console',
      logLevel: 'info',
      isRateLimited: true,
    },
  });
});

test('every wrong setting is named at once', () => {
  const parsed = parseConfig({ PORT: '70000', OIO_TENANT: 'Not A Tenant', LOG_LEVEL: 'loud' }, '/console');

  expect(parsed.ok).toBe(false);
  const faults = parsed.ok ? '' : parsed.faults;
  for (const name of ['PORT', 'OIO_TENANT', 'LOG_LEVEL', 'NATS_URL', 'DATABASE_URL'])
    expect(faults).toContain(name);
});

test('the quota of requests a minute is kept unless that is switched off', () => {
  expect(parseConfig({ ...needed, OIO_RATE_LIMIT: 'off' }, '/console')).toMatchObject({
    config: { isRateLimited: false },
  });
});
