/** The Python SDK: its own tests and tools, what of it would be published, and the conformance kit on an agent by it. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, test } from 'vitest';
import { Line } from '#actors/remote/sdk/testing/line.ts';
import { assignment, ScriptedOrchestrator } from '#actors/remote/sdk/testing/orchestrator.ts';
import { PYTHON_PACKAGE, type PythonTools, preparePython } from '../dev/python-tools.ts';
import { ALL_CHECKS, runKit } from './kit.ts';
import { pythonSubjects } from './python-subject.ts';

const run = promisify(execFile);
const TOOL_MS = 120_000;
const LOOK_INTO = `import json, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
metadata = next(name for name in names if name.endswith("METADATA"))
print(json.dumps({"names": names, "metadata": wheel.read(metadata).decode()}))`;
let tools: PythonTools;

beforeAll(async () => {
  tools = await preparePython(process.env);
}, 300_000);

/** What the tool wrote. Throws with it where the tool found a fault. */
async function python(...parameters: string[]): Promise<string> {
  const { NATS_URL: _, ...env } = process.env;
  const options = { cwd: PYTHON_PACKAGE, timeout: TOOL_MS, env: { ...env, ...tools.environment } };
  try {
    const { stdout, stderr } = await run(tools.python, ['-m', ...parameters], options);
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${parameters.join(' ')}:\n${stdout}\n${stderr}`, { cause: error });
  }
}

test.concurrent('the Python SDK passes its own tests', async () => {
  expect(await python('pytest', '-q', '-p', 'no:cacheprovider')).toMatch(/(\d{2,}) passed/);
});

test.concurrent('the Python SDK is formatted, without a finding of the linter, and typed throughout', async () => {
  const all = ['src', 'tests', join('..', '..', '..', 'ops', 'docs', 'examples', 'agent.py')];
  const settings = ['--no-cache', '--config', 'pyproject.toml'];
  await python('ruff', 'format', '--check', ...settings, ...all);
  await python('ruff', 'check', ...settings, ...all);
  expect(await python('mypy', '--cache-dir', join(tools.cache, 'mypy'), ...all)).toContain('no issues found');
}, 120_000);

test.concurrent('what would be published of the Python SDK has its types, the schema and one dependency', async ({
  onTestFinished,
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'oio-wheel-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const source = join(folder, 'source');
  await run('cp', ['-r', PYTHON_PACKAGE, source]);
  const quietly = ['--quiet', '--no-deps', '--no-build-isolation', '--no-index', '--wheel-dir', folder];
  await python('pip', 'wheel', ...quietly, source);
  const [wheel = ''] = (await readdir(folder)).filter((name) => name.endsWith('.whl'));
  const { stdout } = await run(tools.python, ['-c', LOOK_INTO, join(folder, wheel)]);
  const { names, metadata } = JSON.parse(stdout) as { names: string[]; metadata: string };

  expect(wheel).toMatch(/^oio_agent-.*-py3-none-any\.whl$/);
  for (const name of ['py.typed', 'eap.schema.json', 'messages.py', 'agent.py'])
    expect(names).toContain(`oio_agent/${name}`);
  expect(names.filter((name) => !/^oio_agent(-.*\.dist-info)?\//.test(name))).toEqual([]);
  expect(metadata.match(/^Requires-Dist: .*(?<!'credentials')$/gm)).toEqual([
    'Requires-Dist: nats-py<3,>=2.12',
  ]);
}, 120_000);

test.concurrent('an agent by the Python SDK notices a server that is silent within seconds, and loses nothing by it', async ({
  expect,
  onTestFinished,
}) => {
  const tenant = `python-${process.pid}`;
  const line = await Line.open(inject('natsUrl'));
  const orchestrator = await ScriptedOrchestrator.start(inject('natsUrl'), tenant, 'agent-x');
  const place = { NATS_URL: line.url, OIO_TENANT: tenant, OIO_AGENT_NAME: 'AGENT-X' };
  const agent = spawn(tools.python, [join(PYTHON_PACKAGE, 'tests', 'conformance_agent.py')], {
    env: { PATH: process.env.PATH, ...tools.environment, ...place },
  });
  onTestFinished(async () => {
    agent.kill('SIGKILL');
    await orchestrator.stop();
    await line.cut();
  });
  let output = '';
  agent.stderr.on('data', (part) => {
    output += part;
  });

  await orchestrator.until(() => orchestrator.once('register').length === 1, 30_000);
  await orchestrator.tell(assignment('t1', { payload: { title: 'conformance: slow' } }));
  line.pause();
  await expect.poll(() => output, { timeout: 15_000 }).toContain('disconnected');
  expect(orchestrator.once('result')).toEqual([]);
  line.resume();
  await orchestrator.until(() => orchestrator.once('result').length === 1, 30_000);

  expect(orchestrator.once('register')[1]?.resume).toEqual([{ taskId: 't1', attempt: 1 }]);
  expect(orchestrator.once('result')[0]?.result.summary).toBe('done');
}, 90_000);

// Each check waits far more than it computes: five agents side by side take a third of the time.
const PARTS = 5;
const parts = Array.from({ length: PARTS }, (_, part) => ALL_CHECKS.filter((_, at) => at % PARTS === part));
const ALWAYS = ['C23', 'C28', 'C30', 'shape'];

test.concurrent('an agent by the Python SDK passes every check of the conformance kit, over NATS and over HTTP', async () => {
  const runs = pythonSubjects(tools).flatMap((subject) =>
    parts.map((part) => runKit(subject, { only: new Set([...ALWAYS, ...part.map(({ id }) => id)]) })),
  );
  const reports = await Promise.all(runs);

  const results = reports.flatMap((report) =>
    report.results.map((result) => ({ ...result, over: report.transport })),
  );
  const others = results.filter(({ status }) => status !== 'passed');
  expect(others, reports.map(({ output }) => output).join('\n')).toEqual([]);
  expect(new Set(results.map(({ id, over }) => `${id} ${over}`)).size).toBe(2 * ALL_CHECKS.length);
}, 120_000);
