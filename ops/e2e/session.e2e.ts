/** A session from the HTTP request to the merged branch, on the real stack, while processes die. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ACTOR_KINDS } from '#actors/registry.ts';
import { Refused } from '#protocols/client/client.ts';
import type { CreateSession } from '#protocols/client/operations.generated.ts';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { Trajectory } from '#protocols/trajectory.ts';
import { type Api, buildApi } from '../demo/api.ts';
import type { Script } from '../demo/model/script.ts';
import { git, makeRepository, runTests } from '../demo/repository.ts';
import { type System, startSystem } from '../demo/system.ts';
import { foldAll } from '../dev/fold-all.ts';

let folder: string;
let repository: string;
let system: System | null = null;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-e2e-'));
  repository = await makeRepository(folder);
  lines = [];
});

afterEach(async (context) => {
  await system?.stop();
  system = null;
  if (context.task.result?.state === 'fail') console.error(lines.slice(-60).join('\n'));
  await rm(folder, { recursive: true, force: true });
});

async function start(nodes: number, scripts: readonly Script[] = []): Promise<{ system: System; api: Api }> {
  system = await startSystem({
    dataDir: join(folder, 'data'),
    nodes,
    model: null,
    scripts,
    onLog: (line) => lines.push(line.trimEnd()),
  });
  return { system, api: buildApi(system.url) };
}

function crudSession(): CreateSession {
  return {
    title: 'Make the tests pass and add the missing function of the CRUD store',
    initial_prompt: 'Make the tests of this note store pass and add the missing function.',
    template: 'crud',
    workspace: { repo: repository, base_ref: 'main' },
  };
}

async function watch(
  api: Api,
  id: string,
  isDone: (session: SessionView, tasks: readonly TaskView[]) => boolean,
): Promise<{ session: SessionView; tasks: TaskView[] }> {
  const deadline = Date.now() + 240_000;
  for (;;) {
    const [session, tasks] = [await api.session(id), await api.tasks(id)];
    if (isDone(session, tasks)) return { session, tasks };
    if (Date.now() > deadline) {
      const states = tasks.map((task) => `${task.title}: ${task.state} ${task.error ?? ''}`);
      throw new Error(`not there in time: session ${session.state}; ${states.join('; ')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const hasEnded = ({ state }: SessionView) =>
  !['pending', 'queued', 'running', 'degraded', 'paused'].includes(state);

test('a session completes with each task done once, though one of two nodes is killed in the middle', async () => {
  const { system: running, api } = await start(2);
  const created = await api.createSession(crudSession(), 'the-key-of-this-session');
  const again = await api.createSession(crudSession(), 'the-key-of-this-session');
  expect(again.id).toBe(created.id);
  await api.startSession(created.id);
  await watch(
    api,
    created.id,
    (_, tasks) => tasks.filter((task) => task.state === 'in_progress').length >= 2,
  );

  process.kill(running.pidOf('node-1'), 'SIGKILL');
  const { session, tasks } = await watch(api, created.id, hasEnded);

  expect(session).toMatchObject({ state: 'completed', error: null });
  expect(tasks).toHaveLength(5);
  for (const task of tasks) {
    expect(task.attempts.map((attempt) => attempt.outcome)).toEqual(['completed']);
    expect(task.result?.commit?.branch).toBe(`oio/${session.id}/${task.id}`);
    expect(task.artifacts.some((artifact) => artifact.role === 'patch')).toBe(true);
  }
  const branch = session.result?.branches[0] ?? '';
  expect((await runTests(repository, 'main')).passed).toBe(false);
  expect(await runTests(repository, branch)).toMatchObject({ passed: true });
  const subjects = (await git(repository, ['log', '--no-merges', '--format=%s', `main..${branch}`]))
    .trim()
    .split('\n');
  expect(subjects).toHaveLength(5);
  expect(session.metrics.tokens_out).toBeGreaterThan(0);

  const patch = (await api.artifacts(session.id)).find((artifact) => artifact.role === 'patch');
  expect(patch && (await api.text(patch))).toContain('diff --git');
});

test('a session that is stopped in the middle stops its tasks, and the agent goes on to the next session', async () => {
  const { api } = await start(1);
  const first = await api.createSession(crudSession());
  await api.startSession(first.id);
  await watch(api, first.id, (_, tasks) => tasks.some((task) => task.state === 'in_progress'));

  const stopped = await api.stopSession(first.id);
  const { tasks } = await watch(api, first.id, (_, all) => all.every((task) => task.state === 'cancelled'));

  expect(stopped.state).toBe('stopped');
  expect(tasks).toHaveLength(5);
  await expect(api.stopSession(first.id)).rejects.toSatisfy(
    (error) => error instanceof Refused && error.problem?.code === 'INVALID_TRANSITION',
  );
  const second = await api.createSession({ ...crudSession(), title: 'Make the tests pass once more' });
  await api.startSession(second.id);
  const { session } = await watch(api, second.id, hasEnded);
  expect(session.state).toBe('completed');
});

test('an agent that is killed goes on with its tasks when it is started again, each in its one attempt', async () => {
  const { system: running, api } = await start(1);
  const created = await api.createSession(crudSession());
  await api.startSession(created.id);
  const isInTheMiddle = ({ state, attempts }: TaskView) =>
    state === 'in_progress' && attempts.some(({ usage }) => usage.tokens_in > 0);
  await watch(api, created.id, (_, tasks) => tasks.some(isInTheMiddle));

  process.kill(running.pidOf('agent'), 'SIGKILL');
  const { session, tasks } = await watch(api, created.id, hasEnded);

  expect(session.state).toBe('completed');
  expect((await foldAll(running, ACTOR_KINDS)).faults).toEqual([]);
  expect(tasks.map((task) => task.attempts.map(({ outcome }) => outcome))).toEqual(
    tasks.map(() => ['completed']),
  );
  const branch = session.result?.branches[0] ?? '';
  expect(await runTests(repository, branch)).toMatchObject({ passed: true });
  const log = await git(repository, ['log', '--no-merges', '--format=%s', `main..${branch}`]);
  expect(log.trim().split('\n')).toHaveLength(tasks.length);
  const names = tasks.map(({ artifacts }) => artifacts.map(({ name }) => name).toSorted());
  expect(names).toEqual(tasks.map(() => ['changes.patch', 'trajectory.json', 'transcript.md']));
  const said = (await api.artifacts(session.id)).find(({ name }) => name === 'trajectory.json');
  const { messages } = Trajectory.parse(JSON.parse(said ? await api.text(said) : '{}'));
  expect(messages.map(({ role }) => role)).toEqual(expect.arrayContaining(['user', 'assistant', 'tool']));
});

const STRICT = 'note.body = changes.body === undefined ? note.body : changes.body;';
const RESOLVED = `import { findNote, parseTitle } from './store.js';

/** Changes the given fields of a note, leaves the others as they are and returns a copy. */
export function updateNote(store, id, changes) {
  const note = findNote(store, id);
  note.title = changes.title === undefined ? note.title : parseTitle(changes.title);
  note.body = changes.body ?? note.body;
  note.tags = changes.tags ? [...new Set(changes.tags)] : note.tags;
  note.updatedAt = store.now();
  return structuredClone(note);
}
`;
const file = { filePath: '{directory}/src/update.js' };
/** A task that changes the line that another one changes too, and the integrator's work. */
const IN_CONFLICT: readonly Script[] = [
  {
    name: 'strict',
    match: /^implement update strictly/i,
    steps: [
      // Ours, by MCP: with the token of the task.
      {
        type: 'call',
        tool: 'oio_create_context',
        arguments: { name: 'Decided', data: { body: 'if given' } },
      },
      { type: 'call', tool: 'read', arguments: file },
      {
        type: 'call',
        tool: 'edit',
        arguments: { ...file, oldString: 'note.body = changes.body || note.body;', newString: STRICT },
      },
      { type: 'answer', text: 'Only a body that is given counts.' },
    ],
  },
  {
    name: 'integrator',
    match: /^resolve the conflicts/i,
    steps: [
      { type: 'call', tool: 'read', arguments: file },
      { type: 'call', tool: 'write', arguments: { ...file, content: RESOLVED } },
      { type: 'call', tool: 'bash', arguments: { command: 'test -f node_modules/ready && node --test' } },
      { type: 'answer', text: 'Both mean the same.', needs: 'fail 0', otherwise: 'The tests fail.' },
    ],
  },
];

test('tasks side by side end in one merged branch whose tests pass, though two of them are in conflict', async () => {
  await mkdir(join(repository, '.oio'));
  await writeFile(
    join(repository, '.oio', 'setup.sh'),
    'mkdir -p node_modules && touch node_modules/ready\n',
  );
  await appendFile(join(repository, '.gitignore'), 'node_modules/\n');
  await git(repository, ['add', '--all']);
  const person = ['-c', 'user.name=Demo', '-c', 'user.email=demo@localhost'];
  await git(repository, [...person, 'commit', '--quiet', '--message', 'Set up']);
  const { system: running, api } = await start(1, IN_CONFLICT);
  const parts = ['create', 'read', 'update', 'delete', 'update strictly'];
  const tasks = parts.map((part, index) => ({ key: `t${index}`, title: `Implement ${part}` }));
  const made = await fetch(`${running.url}/api/v1/blueprints`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'parts', tasks }),
  });
  expect(made.status).toBe(201);
  const { template: _, ...draft } = crudSession();

  const created = await api.createSession({ ...draft, blueprint: 'parts@1' });
  await api.startSession(created.id);
  const { session, tasks: done } = await watch(api, created.id, hasEnded);

  expect(session).toMatchObject({ state: 'completed', error: null });
  expect(session.result?.branches).toHaveLength(1);
  const [branch = ''] = session.result?.branches ?? [];
  expect(await runTests(repository, branch)).toMatchObject({ passed: true });
  const merge = done.find((task) => task.task_type === 'merge_branches');
  const resolver = done.find((task) => task.task_type === 'resolve_conflicts');
  expect(merge?.attempts.map((attempt) => attempt.result?.error?.code ?? 'merged')).toEqual([
    'MERGE_CONFLICT',
    'merged',
  ]);
  expect(resolver?.description).toContain('src/update.js');
  const contexts = await fetch(`${running.url}/api/v1/contexts/session/${session.id}`);
  expect(await contexts.json()).toMatchObject({
    items: [{ name: 'Decided', label: 'agent', created_by: 'agent:agent-opencode-1' }],
  });
  const parents = await git(repository, ['log', '-1', '--format=%P', `oio/${session.id}/${resolver?.id}`]);
  expect(parents.trim().split(' ')).toHaveLength(5);
});
