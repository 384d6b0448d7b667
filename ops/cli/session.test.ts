/** `oio session …` against a real gateway, with the session's own actor behind it. */
import { expect, test } from 'vitest';
import { sampleSession, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { EXIT } from './exit.ts';
import { buildTestCli, type TestCli } from './testing/run.ts';

const at = (id: string) => ({ type: 'session', tenant: 'dev', id });

function put(cli: TestCli, changes: Parameters<typeof sampleSession>[0]) {
  const session = sampleSession(changes);
  cli.client.put(at(session.id), session, { status: session.state, title: session.title });
}

test('a session is created from its prompt and started, and the way to follow it is said aside', async () => {
  const cli = buildTestCli();

  const ended = await cli.run(
    'session',
    'create',
    'Make the tests pass\nAll of them.',
    '--tag',
    'repair',
    '--tag',
    'b',
  );

  const [create, start] = cli.client.commands.map(({ message }) => message);
  expect(create).toMatchObject({
    type: 'create',
    title: 'Make the tests pass',
    initial_prompt: 'Make the tests pass\nAll of them.',
    tags: ['repair', 'b'],
  });
  expect(start).toMatchObject({ type: 'start' });
  expect(ended.exitCode).toBe(EXIT.done);
  expect(ended.stdout).toMatch(/^running: Make the tests pass \(\S+\)\n$/);
  expect(ended.stderr).toContain('oio session watch ');
});

test('the same create with the same key makes one session, and --no-start leaves it pending', async () => {
  const cli = buildTestCli();
  const words = ['session', 'create', 'Make the tests pass', '--key', 'k-1', '--json'];

  const first = await cli.run(...words);
  const again = await cli.run(...words);
  const pending = await cli.run('session', 'create', 'Look at it first', '--no-start', '--json');

  const ids = [first, again].map(({ json }) => Object(json[0]).id);
  expect(ids[0]).toBe(ids[1]);
  expect(pending.json).toMatchObject([{ state: 'pending' }]);
});

test('a folder is told by its whole path, and one that is not there is wrong usage', async () => {
  const cli = buildTestCli();

  await cli.run('session', 'create', 'Make the tests pass', '--repo', '.', '--base', 'main');
  const lost = await cli.run('session', 'create', 'Make the tests pass', '--repo', './nowhere');

  expect(cli.client.commands[0]?.message).toMatchObject({
    workspace: { repo: process.cwd(), base_ref: 'main' },
  });
  expect([lost.exitCode, lost.stderr]).toEqual([EXIT.usage, 'oio: there is no folder ./nowhere\n']);
});

test('the prompt may come from stdin; without any, nothing is asked', async () => {
  const cli = buildTestCli({ stdin: 'Make the tests pass\n' });

  await cli.run('session', 'create', '--prompt-file', '-', '--no-start');
  const none = await cli.run('session', 'create');
  const both = await cli.run('session', 'create', 'Do it', '--prompt-file', '-');
  const never = await cli.run('session', 'create', 'Do it', '--no-start', '--watch');

  expect(cli.client.commands.map(({ message }) => message.initial_prompt)).toEqual(['Make the tests pass']);
  expect([none, both, never].map(({ exitCode }) => exitCode)).toEqual([EXIT.usage, EXIT.usage, EXIT.usage]);
});

test('sessions are listed by state, as a table or as the page itself', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'running' });
  put(cli, { id: 's-2', state: 'failed', title: 'Bad \u001b[31mred' });

  const table = await cli.run('session', 'ls');
  const page = await cli.run('session', 'ls', '--state', 'running,paused', '--json');

  expect(table.stdout).toMatch(/^ID\s+STATE\s+DONE\s+AGE\s+TITLE\n/);
  expect(table.stdout).toContain('Bad  [31mred');
  expect(page.json).toMatchObject([{ total: 1, items: [{ id: 's-1' }] }]);
});

test('what a session may not do now is exit code 5, with what it may', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'completed' });

  const plain = await cli.run('session', 'pause', 's-1');
  const json = await cli.run('session', 'pause', 's-1', '--json');

  expect(plain.exitCode).toBe(EXIT.refused);
  expect(plain.stderr).toContain('INVALID_TRANSITION');
  expect(plain.stderr).toContain('it is completed now');
  expect(json.stdout).toBe('');
  expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'INVALID_TRANSITION', exit_code: 5 } });
});

test('each act on a session sends its message, with the reason', async () => {
  const cli = buildTestCli();
  const states = {
    pause: 'running',
    resume: 'paused',
    stop: 'running',
    cancel: 'pending',
    retry: 'failed',
  } as const;

  for (const [verb, state] of Object.entries(states)) {
    put(cli, { id: `s-${verb}`, state });
    const ended = await cli.run('session', verb, `s-${verb}`, '--reason', 'so');
    expect([verb, ended.exitCode, ended.stderr]).toEqual([verb, EXIT.done, '']);
  }

  expect(cli.client.commands.map(({ message }) => [message.type, message.reason])).toEqual(
    Object.keys(states).map((verb) => [verb, 'so']),
  );
});

test('a wrong title is told by the gateway, a session that is not there is exit code 4', async () => {
  const cli = buildTestCli();

  const invalid = await cli.run('session', 'create', 'Do it', '--title', 'untitled');
  const missing = await cli.run('session', 'watch', 'nobody');

  expect([invalid.exitCode, missing.exitCode]).toEqual([EXIT.invalid, EXIT.notFound]);
  expect(invalid.stderr).toContain('title: says nothing');
  expect(missing.stderr).toContain('`oio session ls`');
});

test('a session is watched to its end, a line for each change, and the exit code says how it ended', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'running', tasks: [sampleTaskSummary({ state: 'in_progress' })] });
  const result = { summary: 'All tests pass.', branches: ['oio/s-1/join'] };
  setTimeout(() => put(cli, { id: 's-1', state: 'completed', result }), 100);

  const good = await cli.run('session', 'watch', 's-1');
  put(cli, { id: 's-2', state: 'failed', error: 'the model is gone' });
  const bad = await cli.run('session', 'watch', 's-2');

  expect(good.exitCode).toBe(EXIT.done);
  expect(good.stdout).toMatch(
    /^session running\nsession completed\nAll tests pass\.\nbranch: oio\/s-1\/join\n/,
  );
  expect(bad.exitCode).toBe(EXIT.endedBadly);
  expect(bad.stderr).toContain(
    'ended as failed: the model is gone\n  try again what is not done: oio session retry s-2',
  );
});

test('with --json each change is a line, and nothing else is on stdout', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'running' });
  setTimeout(() => put(cli, { id: 's-1', state: 'completed' }), 100);

  const { json } = await cli.run('session', 'watch', 's-1', '--json');

  expect(json).toMatchObject([
    { type: 'session', session: { state: 'running' } },
    { type: 'session', session: { state: 'completed' } },
  ]);
});

test('Ctrl-C ends the watching alone: nothing is sent, and the way back is said', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'running' });
  setTimeout(cli.interrupt, 100);

  const ended = await cli.run('session', 'watch', 's-1');

  expect(ended.exitCode).toBe(EXIT.interrupted);
  expect(ended.stderr).toContain('the session goes on without you\n  come back with: oio session watch s-1');
  expect(cli.client.commands).toEqual([]);
});

test('the way back names a gateway that is not the usual one', async () => {
  const cli = buildTestCli();
  put(cli, { id: 's-1', state: 'running' });
  setTimeout(cli.interrupt, 50);

  const ended = await cli.run('session', 'watch', 's-1', '--url', 'http://gateway.example:9000/');

  expect(ended.stderr).toContain('oio session watch s-1 --url http://gateway.example:9000\n');
});
