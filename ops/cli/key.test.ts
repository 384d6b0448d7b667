/** Keys on the command line: made, kept, sent, and what is said where there is none. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '#gateway/config.ts';
import { makeFirstKey } from '#gateway/first-key.ts';
import { readKey } from '#gateway/key-text.ts';
import { EXIT } from './exit.ts';
import { buildTestCli, fetchFrom, type TestCli, type TestCliOptions } from './testing/run.ts';

const URL_OF_CLI = 'http://localhost:8000';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'oio-keys-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** A gateway that asks for keys, and the key of its settings. */
function buildGuarded() {
  const { text, setting } = makeFirstKey('dev');
  const [tenant = '', id = '', hash = ''] = setting.split('=')[1]?.split(':') ?? [];
  const config = { config: { auth: 'keys' as const, adminKeys: [{ tenant, id, hash }] } };
  const gateway = buildTestCli({ config });
  const as = (options: TestCliOptions): TestCli => buildTestCli({ ...options, fetch: fetchFrom(gateway) });
  return { text, as };
}

test('the key of the settings makes keys, which are printed alone and work', async () => {
  const { text, as } = buildGuarded();
  const admin = as({ env: { OIO_KEY: text } });

  const made = await admin.run('key', 'create', '--role', 'developer', '--user', 'anna', '--days', '30');
  const key = made.stdout.trim();
  const me = await as({ env: { OIO_KEY: key } }).run('whoami', '--json');

  expect([made.exitCode, readKey(key)?.tenant]).toEqual([EXIT.done, 'dev']);
  expect(made.stderr).toContain('of anna, developer, expires 2026-01-31');
  expect(me.json).toMatchObject([{ by: 'user:anna', standing: 'developer' }]);
  const listed = await admin.run('key', 'ls');
  expect(listed.stdout).toMatch(new RegExp(`${readKey(key)?.id}\\s+developer\\s+anna\\s+live`));
  expect(listed.stdout).not.toContain(readKey(key)?.secret);
});

test('a key is rotated and revoked, and a revoked one says what to do', async () => {
  const { text, as } = buildGuarded();
  const admin = as({ env: { OIO_KEY: text } });
  const made = await admin.run(
    'key',
    'create',
    '--role',
    'viewer',
    '--user',
    'ben',
    '--days',
    'never',
    '--json',
  );
  const [{ key, text: old }] = made.json as [{ key: { id: string; expires_at: null }; text: string }];

  const rotated = await admin.run('key', 'rotate', key.id, '--grace-seconds', '60');
  const revoked = await admin.run('key', 'revoke', key.id, '--reason', 'lost');
  const ended = await as({ env: { OIO_KEY: old } }).run('session', 'ls');
  const next = await as({ env: { OIO_KEY: rotated.stdout.trim() } }).run('session', 'ls');

  expect([key.expires_at, rotated.exitCode, revoked.exitCode, next.exitCode]).toEqual([null, 0, 0, 0]);
  expect(ended.exitCode).toBe(EXIT.denied);
  expect(ended.stderr).toContain('oio login');
  expect(ended.stderr).not.toContain(readKey(old)?.secret);
});

test('without a key, or with one that may not, the mend is said with an exit code of its own', async () => {
  const { text, as } = buildGuarded();
  const made = await as({ env: { OIO_KEY: text } }).run('key', 'create', '--role', 'viewer', '--user', 'ben');
  const viewer = as({ env: { OIO_KEY: made.stdout.trim() } });

  const none = await as({}).run('session', 'ls', '--json');
  const forbidden = await viewer.run('session', 'create', 'Make it so');
  const traffic = await as({}).run('traffic', 'evt.dev.>');

  expect([none.exitCode, forbidden.exitCode, traffic.exitCode]).toEqual([10, 10, 10]);
  expect(JSON.parse(none.stderr).error).toMatchObject({ code: 'UNAUTHENTICATED', exit_code: 10 });
  expect(forbidden.stderr).toMatch(/role viewer may not do this.*\n.*oio whoami/);
});

test('a login is kept for one gateway, for its owner alone, and is never printed', async () => {
  const { text, as } = buildGuarded();
  const env = { OIO_CONFIG_DIR: folder() };
  const file = join(env.OIO_CONFIG_DIR, 'keys.json');

  const login = await as({ env, stdin: `${text}\n` }).run('login');
  const after = await as({ env }).run('session', 'ls');
  const elsewhere = await as({ env }).run('session', 'ls', '--url', 'http://other.example');
  const logout = await as({ env }).run('logout');
  const gone = await as({ env }).run('session', 'ls');

  expect([login.exitCode, after.exitCode, logout.exitCode]).toEqual([0, 0, 0]);
  expect([elsewhere.exitCode, gone.exitCode]).toEqual([EXIT.denied, EXIT.denied]);
  expect(login.stdout).toContain('user:operator in dev, admin');
  expect(login.stdout + login.stderr).not.toContain(readKey(text)?.secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({});
});

test('what is no key, or does not work, is not kept; a file that was spoilt is named and not shown', async () => {
  const { as } = buildGuarded();
  const env = { OIO_CONFIG_DIR: folder() };
  const file = join(env.OIO_CONFIG_DIR, 'keys.json');

  const nonsense = await as({ env, stdin: 'hello' }).run('login');
  const foreign = await as({ env, stdin: makeFirstKey('other').text }).run('login');
  expect([nonsense.exitCode, foreign.exitCode]).toEqual([EXIT.denied, EXIT.denied]);
  expect(() => statSync(file)).toThrow();

  writeFileSync(file, '{"http://x": "oio_secret');
  const spoilt = await as({ env }).run('session', 'ls');
  expect(spoilt.exitCode).toBe(EXIT.usage);
  expect(spoilt.stderr).toContain(file);
  expect(spoilt.stderr).not.toContain('secret');
  const wrong = await as({ env: { OIO_KEY: 'topsecret' } }).run('session', 'ls');
  expect([wrong.exitCode, wrong.stderr.includes('topsecret')]).toEqual([EXIT.usage, false]);
});

test('OIO_KEY goes before the key that was logged in with', async () => {
  const { text, as } = buildGuarded();
  const OIO_CONFIG_DIR = folder();
  await as({ env: { OIO_CONFIG_DIR }, stdin: text }).run('login');

  const wrong = as({ env: { OIO_CONFIG_DIR, OIO_KEY: makeFirstKey('dev').text } });

  expect((await wrong.run('session', 'ls', '--url', URL_OF_CLI)).exitCode).toBe(EXIT.denied);
});

test('the setting of the first key is one that gateways take', async () => {
  const made = await buildTestCli().run('key', 'first', '--tenant', 'acme', '--json');
  const [{ text, setting }] = made.json as [{ text: string; setting: string }];
  const [name = '', value = ''] = setting.split('=');

  const environment = {
    NATS_URL: 'nats://n',
    DATABASE_URL: 'postgres://p',
    OIO_TENANT: 'acme',
    [name]: value,
  };
  const parsed = parseConfig({ ...environment, OIO_AUTH: 'keys' }, '');

  const { id } = readKey(text) ?? {};
  expect(parsed).toMatchObject({ ok: true, config: { auth: 'keys', adminKeys: [{ tenant: 'acme', id }] } });
  expect(setting).not.toContain(readKey(text)?.secret);
  expect((await buildTestCli().run('key', 'first', '--tenant', 'Not One')).exitCode).toBe(EXIT.usage);
});
