/** The commands beside those of sessions, and what all of them promise: JSON, exit codes, examples, mends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Application, type CommandContext, generateHelpTextForAllCommands } from '@stricli/core';
import { expect, test } from 'vitest';
import { encodeEdge } from '#protocols/session-graph.ts';
import { sampleApproval, sampleRequest } from '#protocols/testing/sample-approval.ts';
import { sampleTraining } from '#protocols/testing/sample-tuning.ts';
import { sampleAgent, sampleSession, sampleTask, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { application } from './application.ts';
import { EXIT, EXIT_WORDS } from './exit.ts';
import { buildTestCli, type TestCli } from './testing/run.ts';

const LETTER = '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d';

function putAll(cli: TestCli): string {
  const at = (type: string, id: string) => ({ type, tenant: 'dev', id });
  const tasks = [
    sampleTaskSummary({ id: 't-1', title: 'Read', state: 'completed' }),
    sampleTaskSummary({ id: 't-2', title: 'Mend "it"' }),
  ];
  const edges = [[], [encodeEdge({ at: 0, kind: 'start_to_start', required: false })]];
  cli.client.put(at('session', 's-1'), sampleSession({ id: 's-1', state: 'running', tasks, edges }), {
    status: 'running',
  });
  cli.client.put(at('task', 't-1'), sampleTask({ id: 't-1', requests: [sampleRequest('pending')] }), {
    status: 'pending',
    parent: 's-1',
  });
  const approval = sampleApproval({ task_id: 't-1', session_id: 's-1' });
  cli.client.put(at('approval', approval.id), approval, { status: 'pending', parent: 's-1' });
  cli.client.put(at('agent', 'agent-one'), sampleAgent(), { status: 'online' });
  const address = 'session/dev/s-1';
  const body = JSON.stringify({
    ...{ id: 'm1', to: address, message: { type: 'start' }, cause: 'c', root: 'r' },
    source: { kind: 'command', key: 'k', bodyHash: 'a'.repeat(64), by: 'user:dev' },
  });
  return cli.client.setAside(1, { address, body });
}

async function createContext({ app }: TestCli): Promise<string> {
  const payload = { scope: 'global', name: 'Notes', data: { plan: { steps: ['one'] } } };
  return (await app.inject({ method: 'POST', url: '/api/v1/contexts', payload })).json().id;
}

async function lock({ app }: TestCli): Promise<void> {
  await app.inject({ method: 'POST', url: '/api/v1/locks/repo%2Fmain/acquire', payload: { ttl_ms: 60_000 } });
}

/** A session that is done, two trainings, and a model of two versions. */
async function putTuning({ app, client }: TestCli): Promise<void> {
  const at = (type: string, id: string) => ({ type, tenant: 'dev', id });
  client.put(at('session', 's-done'), sampleSession({ id: 's-done', state: 'completed' }), {
    status: 'completed',
  });
  for (const state of ['running', 'failed'] as const) {
    const job = sampleTraining({ id: `training-${state}`, state });
    client.put(at('training', job.id), job, { status: state, title: job.title });
  }
  const payload = { source: 'openai/ft:small', base_model: 'small' };
  const url = '/api/v1/models/fixer/versions';
  for (let count = 0; count < 2; count++) await app.inject({ method: 'POST', url, payload });
}

test('with --json every command has JSON alone on stdout', async () => {
  const cli = buildTestCli();
  const letter = putAll(cli);
  const context = await createContext(cli);
  await lock(cli);
  await putTuning(cli);
  const commands = [
    'session ls',
    'session create Go!',
    'session pause s-1',
    'task ls',
    'task graph s-1',
    'agent ls',
    'agent drain agent-one',
    `context get ${context}`,
    `context get ${context} plan.steps.0`,
    `context set ${context} plan.owner ada`,
    'approval ls',
    'approval show approval-pending',
    'approval answer approval-pending --option once --reason ours',
    'artifact ls s-1',
    'artifact rm s-1 --role log --yes',
    'lock ls',
    'lock break repo/main --reason gone',
    'session review s-done --reason merged',
    'dataset ls',
    'dataset build fixes --consent --reason ours',
    'tune ls',
    'tune start Fixer --dataset fixes@1 --base small',
    'tune cancel training-running',
    'tune retry training-failed',
    'model ls',
    'model promote fixer@1.0.0 --reason better',
    'model promote fixer@1.0.1 --reason better',
    'model rollback fixer --reason worse',
    'dlq ls',
    `dlq show ${letter}`,
    `dlq replay ${letter} --reason mended`,
    'completion bash',
  ];

  for (const command of commands) {
    const { json, stderr, exitCode } = await cli.run(...command.split(' '), '--json');
    expect([command, exitCode, stderr, json.length]).toEqual([command, EXIT.done, '', 1]);
  }
});

test('without a gateway every command that asks it is exit code 3 and says how to start one', async () => {
  const cli = buildTestCli({ fetch: async () => Promise.reject(new TypeError('fetch failed')) });
  const commands = [
    'session ls',
    'session stop s',
    'task ls',
    'agent ls',
    'context get c',
    'lock ls',
    'dlq ls',
  ];

  for (const command of commands) {
    const { stdout, stderr, exitCode } = await cli.run(...command.split(' '));
    expect([command, exitCode, stdout]).toEqual([command, EXIT.unreachable, '']);
    expect(stderr).toContain('`oio dev`');
  }
});

test('what answers and is no gateway is told so', async () => {
  const cli = buildTestCli({ fetch: async () => new Response('<html>', { status: 502 }) });

  const { exitCode, stderr } = await cli.run('session', 'ls');

  expect(exitCode).toBe(EXIT.unreachable);
  expect(stderr).toContain('is no gateway (502)');
});

test('a busy gateway is exit code 7, a broken one 1', async () => {
  const answer = (status: number, code: string) => async () =>
    new Response(JSON.stringify({ code, detail: 'so', retryable: status === 503 }), { status });

  const busy = await buildTestCli({ fetch: answer(503, 'MAILBOX_FULL') }).run('session', 'ls');
  const broken = await buildTestCli({ fetch: answer(500, 'INTERNAL_ERROR') }).run('session', 'ls');

  expect([busy.exitCode, broken.exitCode]).toEqual([EXIT.later, EXIT.failed]);
});

test('wrong settings are told all at once, and nothing is asked', async () => {
  const cli = buildTestCli({ env: { OIO_URL: 'localhost', OIO_TIMEOUT_MS: 'soon' } });

  const { exitCode, stderr } = await cli.run('session', 'ls');

  expect(exitCode).toBe(EXIT.usage);
  expect(stderr).toContain('OIO_URL');
  expect(stderr).toContain('OIO_TIMEOUT_MS');
});

test('what takes several is said by repeating it, or as JSON', async () => {
  const sent: unknown[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(String(init?.body)));
    throw new TypeError('fetch failed');
  };
  const cli = buildTestCli({ fetch });
  const answers = [['unit', 'e2e'], ['yes']];

  await cli.run(
    'session',
    'create',
    'Go!',
    '--template',
    'ui',
    '--template',
    'crud',
    '--strategy',
    'temporal',
  );
  await cli.run('session', 'create', 'Go!', '--template', 'ui');
  await cli.run('approval', 'answer', 'a-1', '--answers', JSON.stringify(answers));
  await cli.run('approval', 'answer', 'a-1', '--say', 'one', '--say', 'two');
  const both = await cli.run('approval', 'answer', 'a-1', '--say', 'one', '--answers', '[["one"]]');
  const wrong = await cli.run('approval', 'answer', 'a-1', '--answers', '["one"]');

  expect(sent).toMatchObject([
    { templates: ['ui', 'crud'], strategy: 'temporal' },
    { template: 'ui' },
    { answers },
    { answers: [['one'], ['two']] },
  ]);
  expect([both.exitCode, wrong.exitCode]).toEqual([EXIT.usage, EXIT.usage]);
  expect(wrong.stderr).toContain('a list of lists of texts is needed');
});

test('wrong words are wrong usage', async () => {
  const cli = buildTestCli();
  const wrong = [
    'sesion',
    'session ls --limit 0',
    'session watch',
    'dlq replay l',
    'context set c',
    'session ls --nope',
  ];

  for (const words of wrong) {
    expect([words, (await cli.run(...words.split(' '))).exitCode]).toEqual([words, EXIT.usage]);
  }
});

test('every command has examples, and each of them is understood', async () => {
  const fetch = async () => Promise.reject(new TypeError('fetch failed'));
  const cli = buildTestCli({ fetch, env: { NATS_URL: 'nats://127.0.0.1:1' } });
  // The tool for help knows no context of ours, and needs none.
  const helps = generateHelpTextForAllCommands(application as unknown as Application<CommandContext>);
  cli.interrupt();

  for (const [route, help] of helps) {
    const block = help.split('Examples:\n')[1]?.split('\n\n')[0] ?? '';
    const examples = [...block.matchAll(/^ {2}oio (.*)$/gm)].map(([, words = '']) => words);
    expect([route, examples.length]).not.toEqual([route, 0]);
    for (const example of examples) {
      const { exitCode, stderr } = await cli.run(...wordsOf(example));
      const isFile = stderr.includes('the prompt cannot be read');
      expect([example, exitCode === EXIT.usage && !isFile ? stderr : '']).toEqual([example, '']);
    }
  }
  expect(helps.length).toBeGreaterThan(25);
});

test('the exit codes in the help and in the README are those of the program', async () => {
  const { stdout } = await buildTestCli().run('--help');
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

  for (const [name, code] of Object.entries(EXIT)) {
    const words = EXIT_WORDS[name as keyof typeof EXIT];
    expect(stdout).toContain(`${String(code).padStart(3)}  ${words}`);
    expect(readme).toContain(`| ${code} | ${words} |`);
  }
});

test('the programs are started with what they understand', async () => {
  const cli = buildTestCli();

  const ended = [
    await cli.run('dev', '--port', '8080', '--nodes', '3', '--no-agent', '--json'),
    await cli.run('node'),
    await cli.run('gateway'),
    await cli.run('agent'),
    await cli.run('agent', 'shell'),
    await cli.run('agent', 'model'),
    await cli.run('agent', 'acp', '--command', 'x acp', '--parallel', '3'),
    await cli.run('mcp', '--url', 'http://gateway.example'),
  ];

  expect(ended.flatMap(({ started }) => started)).toEqual([
    { program: 'dev', parameters: ['--port', '8080', '--nodes', '3', '--no-agent', '--json'] },
    { program: 'node', parameters: [] },
    { program: 'gateway', parameters: [] },
    { program: 'agent', parameters: [] },
    { program: 'agent shell', parameters: [] },
    { program: 'agent model', parameters: [] },
    { program: 'agent acp', parameters: ['--command', 'x acp', '--parallel', '3'] },
    { program: 'mcp', parameters: ['--url', 'http://gateway.example'] },
  ]);
});

test('a graph is written as text, Mermaid and Graphviz, and no title breaks it', async () => {
  const cli = buildTestCli();
  putAll(cli);

  const text = await cli.run('task', 'graph', 's-1');
  const mermaid = await cli.run('task', 'graph', 's-1', '--format', 'mermaid');
  const dot = await cli.run('task', 'graph', 's-1', '--format', 'dot');

  expect(text.stdout).toMatch(/^ {2}2\*? +pending {6}Mend "it" {2}← 1 start_to_start optional$/m);
  expect(mermaid.stdout).toContain(`t2["Mend 'it'<br/>pending"]\n  t1 -.->|start_to_start| t2\n`);
  expect(dot.stdout).toContain('t2 [label="Mend \\"it\\"\\npending"];\n  t1 -> t2 [style=dashed];\n');
});

test('a value that was read is not written over by one that was not', async () => {
  const cli = buildTestCli();
  const id = await createContext(cli);

  const first = await cli.run('context', 'set', id, 'plan.steps', '["a","b"]', '--version', '1');
  const late = await cli.run('context', 'set', id, 'plan.steps', 'x', '--version', '1');
  const over = await cli.run('context', 'set', id, 'plan.steps', 'x');
  const read = await cli.run('context', 'get', id, 'plan.steps');

  expect([first.exitCode, late.exitCode, over.exitCode]).toEqual([EXIT.done, EXIT.refused, EXIT.done]);
  expect(read.stdout).toBe('"x"\n');
});

test('a lock is taken from whoever has it now, and one that nobody has is exit code 4', async () => {
  const cli = buildTestCli();
  await lock(cli);

  const broken = await cli.run('lock', 'break', 'repo/main', '--reason', 'gone');
  const again = await cli.run('lock', 'break', 'repo/main', '--reason', 'gone');

  expect(broken.stdout).toBe('taken from user:dev: repo/main, token 1\n');
  expect(again.exitCode).toBe(EXIT.notFound);
});

test('a letter that is not there is exit code 4', async () => {
  const { exitCode } = await buildTestCli().run('dlq', 'replay', LETTER, '--reason', 'so');

  expect(exitCode).toBe(EXIT.notFound);
});

/** As a shell would part them: quotes are all that the examples have. */
function wordsOf(line: string): string[] {
  const words = line.split(/ (?:>>|>) /, 1)[0] ?? '';
  return [...words.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '');
}

test('an approval shows what can be answered, and a second answer says what was decided', async () => {
  const cli = buildTestCli();
  putAll(cli);

  const shown = await cli.run('approval', 'show', 'approval-pending');
  const first = await cli.run('approval', 'answer', 'approval-pending', '--option', 'always');
  const second = await cli.run('approval', 'answer', 'approval-pending', '--option', 'reject');

  expect(shown.stdout).toContain('--option once  Allow once');
  expect([first.exitCode, second.exitCode]).toEqual([EXIT.done, EXIT.refused]);
  expect(second.stderr).toContain('approved');
});
