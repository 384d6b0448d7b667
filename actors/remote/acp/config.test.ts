import { expect, test } from 'vitest';
import { PRIMARY_BY_TYPE } from '#protocols/capability.ts';
import { parseConfig } from './config.ts';
import { PRESETS } from './presets.ts';

test('a command is all that must be given, in the environment or on the command line', () => {
  const given = parseConfig({ OIO_ACP_COMMAND: 'my-agent --acp' });
  const said = parseConfig({}, ['--command', 'opencode acp', '--parallel', '3', '--model', 'a/b']);

  expect(given).toMatchObject({
    servers: 'nats://127.0.0.1:4222',
    program: { command: 'my-agent --acp', loginMethod: null, loginHint: null },
    preset: null,
    model: null,
    capacity: 2,
  });
  expect(given.primary).toEqual(PRIMARY_BY_TYPE.implementer);
  expect(said).toMatchObject({
    program: { command: 'opencode acp' },
    preset: PRESETS.opencode,
    capacity: 3,
    model: 'a/b',
  });
});

test('a known agent is started by its name, and sees the variables that it reads', () => {
  const environment = {
    HOME: '/h',
    CODEX_HOME: '/c',
    OPENAI_API_KEY: 'k',
    SECRET: 's',
    WANTED: 'w',
    OIO_ACP_ENV: 'WANTED',
  };

  const { program } = parseConfig(environment, ['--agent', 'codex']);

  expect(program.command).toBe('codex-acp');
  expect(Object.keys(program.environment).sort()).toEqual([
    'CODEX_HOME',
    'HOME',
    'OPENAI_API_KEY',
    'PATH',
    'WANTED',
  ]);
});

test('all wrong settings are told at once', () => {
  const wrong = { OIO_CAPABILITIES: 'Not A Name', OIO_CAPACITY: '0' };

  expect(() => parseConfig(wrong)).toThrow(/OIO_CAPA[\s\S]*OIO_ACP_COMMAND: missing/);
  expect(() => parseConfig({ OIO_ACP_AGENT: 'nobody' })).toThrow(/there are opencode, claude/);
  expect(() => parseConfig({}, ['--comand', 'x'])).toThrow(/comand/);
});
