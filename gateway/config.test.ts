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

test('whoever can be reached from other machines says whether people are asked who they are', () => {
  const parse = (more: Record<string, string>) => parseConfig({ ...needed, ...more }, '/console');
  const refused = parse({ HOST: '0.0.0.0' });

  for (const HOST of ['127.0.0.1', '127.0.0.2', '::1', 'localhost'])
    expect(parse({ HOST })).toMatchObject({ ok: true, config: { auth: 'off' } });
  for (const HOST of ['0.0.0.0', '::', '10.0.0.1', 'oio.example', '127.example.org', 'localhost.example.org'])
    expect([HOST, parse({ HOST }).ok]).toEqual([HOST, false]);
  expect(refused.ok ? '' : refused.faults).toMatch(
    /OIO_AUTH is needed.*0\.0\.0\.0.*keys.*ops\/docs\/access\.md.*off/,
  );
  expect(parse({ HOST: '0.0.0.0', OIO_AUTH: 'off' })).toMatchObject({ config: { auth: 'off' } });
  expect(parse({ HOST: '0.0.0.0', OIO_AUTH: 'keys' })).toMatchObject({ config: { auth: 'keys' } });
  expect(parse({ OIO_AUTH: 'none' }).ok).toBe(false);
});

test('the key of the settings is a hash, and of this tenant or the platform', () => {
  const hash = 'a'.repeat(64);
  const parse = (line: string) => parseConfig({ ...needed, OIO_ADMIN_KEY_HASH: line }, '/console');

  expect(parse(`dev:abcdefghijkl:${hash}`)).toMatchObject({
    config: { adminKeys: [{ tenant: 'dev', id: 'abcdefghijkl', hash }] },
  });
  expect(parse(`system:abcdefghijkl:${hash}`).ok).toBe(true);
  const foreign = parse(`other:abcdefghijkl:${hash}`);
  expect(foreign.ok ? '' : foreign.faults).toContain('oio key first --tenant dev');
  expect(parse('oio_dev_abcdefghijkl_secret').ok).toBe(false);
});
