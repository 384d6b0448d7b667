import { expect, test } from 'vitest';
import { parseConfig } from './config.ts';

test('nothing needs to be set', () => {
  const config = parseConfig({});

  expect(config).toMatchObject({
    servers: 'nats://127.0.0.1:4222',
    tenant: 'dev',
    agentName: 'AGENT-OPENCODE-1',
    capacity: 4,
    model: null,
    opencodeConfig: { disabled_providers: ['opencode'] },
    drainMs: 20_000,
  });
  expect(config.workDir).toMatch(/agent-opencode-1$/);
});

test('opencode sees what is named and the keys of model providers, and nothing else', () => {
  const { opencodeEnvironment, gitEnvironment } = parseConfig({
    PATH: '/bin',
    HOME: '/home/someone',
    DATABASE_URL: 'postgres://secret',
    OIO_NATS_TOKEN: 'secret',
    SOME_API_KEY: 'k1',
    MY_PROXY_HEADER: 'h',
    OIO_OPENCODE_ENV: 'MY_PROXY_HEADER, NOT_SET',
  });

  expect(Object.keys(opencodeEnvironment).sort()).toEqual(['MY_PROXY_HEADER', 'PATH', 'SOME_API_KEY']);
  expect(Object.keys(gitEnvironment).sort()).toEqual(['HOME', 'PATH']);
});

test('a configuration for opencode is taken as JSON', () => {
  expect(parseConfig({ OIO_OPENCODE_CONFIG: ' {"model":"a/b"}' }).opencodeConfig).toMatchObject({
    model: 'a/b',
  });
});

test('hosted models that need no key are used only when somebody said so', () => {
  const off = { disabled_providers: ['opencode'] };

  expect(parseConfig({ OIO_MODEL: 'anthropic/x' }).opencodeConfig).toEqual(off);
  expect(parseConfig({ OIO_MODEL: 'opencode/x' }).opencodeConfig).toEqual({});
  expect(parseConfig({ OPENCODE_API_KEY: 'key' }).opencodeConfig).toEqual({});
  expect(parseConfig({ OIO_OPENCODE_CONFIG: '{"disabled_providers":[]}' }).opencodeConfig).toEqual({
    disabled_providers: [],
  });
});

test('all faults come in one message', () => {
  const wrong = { OIO_MODEL: 'no-slash', OIO_CAPACITY: '0', OIO_AGENT_NAME: 'me', OIO_OPENCODE_CONFIG: '{' };

  const said = messageOf(() => parseConfig(wrong));

  for (const name of Object.keys(wrong)) expect(said).toContain(name);
});

test('a file that cannot be read is named', () => {
  expect(messageOf(() => parseConfig({ OIO_OPENCODE_CONFIG: '/no/such/file.json' }))).toContain(
    '/no/such/file.json',
  );
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}
