import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { Given, JOIN_SETTINGS, joinOf, Names, WORK_SETTINGS, workOf } from './settings.ts';

test('an empty variable counts as none', () => {
  expect(new Given({ A: '', B: 'b', C: undefined }).environment).toEqual({ B: 'b' });
});

test('all faults are told at once: those of the settings, then those of what was read', () => {
  const given = new Given({ COUNT: 'many', FILE: '/no/such/file' });

  expect(given.textAt('FILE')).toBeNull();
  given.fault('OTHER', 'is odd');

  const shape = z.object({ COUNT: z.coerce.number(), NAME: z.string() });
  expect(() => given.parse(shape)).toThrow(
    /^wrong settings:\n {2}COUNT: .*\n {2}NAME: .*\n {2}FILE: .*\/no\/such\/file.*\n {2}OTHER: is odd$/,
  );
});

test('the text of a file is read where its path is given', () => {
  const folder = mkdtempSync(join(tmpdir(), 'oio-given-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'creds');
  writeFileSync(path, 'a login');
  const given = new Given({ OIO_NATS_CREDENTIALS: path });

  expect(given.textAt('OIO_NATS_CREDENTIALS')).toBe('a login');
  expect(given.textAt('ELSE')).toBeNull();
});

test('what is started sees what was named and nothing else, and finds a node after its own', () => {
  const given = new Given({ PATH: '/bin', HOME: '/h', SECRET: 's', SOME_API_KEY: 'k' });

  expect(given.pass(['HOME', 'MISSING', ...given.providerKeys()])).toEqual({
    PATH: `/bin:${dirname(process.execPath)}`,
    HOME: '/h',
    SOME_API_KEY: 'k',
  });
});

test('it joins at NATS, or at the gateway where that is named, each with its own token', () => {
  const join = (environment: Record<string, string>) =>
    joinOf(new Given(environment).parse(z.object(JOIN_SETTINGS)), null);
  const tokens = { OIO_KEY: 'of the gateway', OIO_NATS_TOKEN: 'of NATS' };

  expect(join(tokens)).toMatchObject({ servers: 'nats://127.0.0.1:4222', login: { token: 'of NATS' } });
  expect(join({ ...tokens, OIO_GATEWAY_URL: 'http://gateway:8000', NATS_URL: 'nats://n' })).toMatchObject({
    servers: 'http://gateway:8000',
    login: { token: 'of the gateway' },
  });
});

test('the folder bears the name of the agent', () => {
  const settings = new Given({}).parse(z.object(WORK_SETTINGS));

  expect(workOf({ ...settings, OIO_AGENT_NAME: 'AGENT-ONE' }).workDir).toMatch(/agents\/agent-one$/);
});

test('names stand with commas between', () => {
  expect(Names.parse(' one, two ,,')).toEqual(['one', 'two']);
});
