import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { Assignment } from './assignment.ts';
import { newHead } from './head.ts';
import type { Assign } from './incoming.ts';
import { type AttemptLog, Ledger } from './ledger.ts';
import type { LockOut } from './locks.ts';
import { SILENT } from './logger.ts';
import type { AttemptOut } from './outgoing.ts';
import type { AgentTask, Work } from './task.ts';
import { TIMING } from './timing.ts';
import type { ToolsOut } from './tools.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oio-ledger-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const open = () => Ledger.open(folder, SILENT);
const done = async () => ({ success: true, summary: 'done' });
const usage = { tokens_in: 7, tokens_out: 1, cost_usd: 0 };

function assignOf(taskId: string, attempt = 2): Assign {
  const payload = {
    ...{ sessionId: 's1', sessionTitle: 'Session', title: 'Task', description: '' },
    ...{ taskType: 'execution', prompt: 'Do it', timeoutSeconds: 60 },
  };
  return { ...newHead(), kind: 'assign', taskId, attempt, payload };
}

type Answer = (message: AttemptOut | LockOut | ToolsOut) => OutAnswer | Promise<OutAnswer | null>;

function begin(log: AttemptLog, work: Work, answer: Answer = () => ({ ok: true, value: null })) {
  const said: (AttemptOut | LockOut | ToolsOut)[] = [];
  const putAway: unknown[] = [];
  const registered = Promise.withResolvers<void>();
  const isLeft = log.record.resumes > 0;
  const assignment = new Assignment({
    ...{ assign: log.record.assign, work, timing: TIMING, logger: SILENT, log },
    ask: async (message) => {
      said.push(message);
      return answer(message);
    },
    ...(isLeft && {
      resume: { registered: registered.promise, putAway: async (kept) => void putAway.push(kept) },
    }),
  });
  return { assignment, said, putAway, registered };
}

/** Work that a killed process had begun: it kept something, asked something, and never ended. */
async function leave(taskId: string): Promise<void> {
  const ledger = await open();
  const work: Work = async (task) => {
    await task.keep({ place: taskId });
    await task.progress({ usage });
    void task.askPermission({
      ...{ requestId: `per-${taskId}`, permission: 'bash', patterns: ['x'] },
      subject: { type: 'command', title: 'x' },
    });
    return new Promise(() => undefined);
  };
  begin(ledger.begin(assignOf(taskId)), work, (message) =>
    message.kind === 'permission.request' ? new Promise(() => undefined) : { ok: true, value: null },
  );
  const path = join(folder, `${taskId}.2.attempt.json`);
  const isAsked = async () => (await readFile(path, 'utf8').catch(() => '')).includes(`per-${taskId}`);
  await expect.poll(isAsked, { timeout: 20_000 }).toBe(true);
}

async function left(): Promise<AttemptLog> {
  const [log] = (await open()).left;
  if (!log) throw new Error('something was left');
  return log;
}

test('what a killed process had begun is there for the next one: what it kept, used and asked', async () => {
  await leave('t1');

  const log = await left();
  let resumed: AgentTask['resumed'] = null;
  const { assignment, registered } = begin(log, async (task) => {
    resumed = task.resumed;
    return done();
  });
  registered.resolve();
  await assignment.over;

  expect(resumed).toEqual({ kept: { place: 't1' }, usage, asked: ['per-t1'] });
  expect(await readdir(folder)).toEqual([]);
});

test('it does not go on before it is registered, nor before the task itself has agreed', async () => {
  await leave('t1');
  const agreed = Promise.withResolvers<OutAnswer>();
  let works = 0;
  const work: Work = () => {
    works += 1;
    return done();
  };
  const { assignment, said, registered } = begin(await left(), work, (message) =>
    message.kind === 'progress' ? agreed.promise : { ok: true, value: null },
  );
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  const unregistered = said.length;
  registered.resolve();
  await expect.poll(() => said.length, { timeout: 20_000 }).toBe(1);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  const unagreed = works;
  agreed.resolve({ ok: true, value: null });
  await assignment.over;

  expect([unregistered, unagreed, works]).toEqual([0, 0, 1]);
  expect(said.map(({ kind }) => kind)).toEqual(['progress', 'result']);
});

test('what the task refuses, or the registration drops, is put away, and nothing is said of it', async () => {
  await leave('t1');
  await leave('t2');
  const [first, second] = (await open()).left;
  if (!first || !second) throw new Error('two were left');
  const error = { code: 'STALE_EPOCH', message: 'over', retryable: false };
  const refused = begin(first, done, () => ({ ok: false, error }));
  const dropped = begin(second, done);

  refused.registered.resolve();
  dropped.assignment.end('dropped', 'others have it');
  dropped.registered.resolve();
  await Promise.all([refused.assignment.over, dropped.assignment.over]);
  await Promise.all([refused.assignment.workEnded, dropped.assignment.workEnded]);

  expect(refused.said.map(({ kind }) => kind)).toEqual(['progress']);
  expect(dropped.said).toEqual([]);
  expect([refused.putAway, dropped.putAway]).toEqual([[{ place: 't1' }], [{ place: 't2' }]]);
  expect(await readdir(folder)).toEqual([]);
});

test('a result that stood and was not answered is said again as it was, and nothing is done again', async () => {
  const ledger = await open();
  const first = begin(ledger.begin(assignOf('t1')), done, () => new Promise(() => undefined));
  await expect.poll(() => first.said.length, { timeout: 20_000 }).toBe(1);

  let works = 0;
  const again = begin(await left(), async () => {
    works += 1;
    return done();
  });
  again.registered.resolve();
  await again.assignment.over;

  expect(again.said).toEqual(first.said);
  expect(works).toBe(0);
});

test('an attempt is taken up three times and no more, and what cannot be read is none', async () => {
  await leave('t1');
  await writeFile(join(folder, 't2.1.attempt.json'), '{"assign":');

  const counts = [];
  for (let start = 0; start < 5; start++) counts.push((await open()).left.length);

  expect(counts).toEqual([1, 1, 1, 0, 0]);
  expect(await readdir(folder)).toEqual([]);
});

test('what is said to be saved is on disk, also where something newer was known meanwhile', async () => {
  const log = (await open()).begin(assignOf('t1'));

  const saved = log.saved();
  const noted = log.note({ usage });
  await saved;

  expect(JSON.parse(await readFile(join(folder, 't1.2.attempt.json'), 'utf8'))).toMatchObject({ usage });
  await noted;
});

test('files of others are left alone, halves of its own go, and the newer of two attempts comes last', async () => {
  const ledger = await open();
  for (const attempt of [3, 10, 2]) await ledger.begin(assignOf('t1', attempt)).saved();
  await writeFile(join(folder, 'notes.json'), '{}');
  await writeFile(join(folder, 't9.1.attempt.json.new'), '{');

  const { left: logs } = await open();

  expect(logs.map(({ record }) => record.assign.attempt)).toEqual([2, 3, 10]);
  const names = await readdir(folder);
  expect(names).toContain('notes.json');
  expect(names.filter((name) => name.endsWith('.new'))).toEqual([]);
});

test('its time goes on from when it was first begun', async () => {
  await leave('t1');
  const log = await left();
  Object.assign(log.record, { begunAt: Date.now() - 3_600_000 });
  const work: Work = (task) =>
    new Promise((_, reject) =>
      task.signal.addEventListener('abort', () => reject(task.signal.reason), { once: true }),
    );

  const { assignment, said, registered } = begin(log, work);
  registered.resolve();
  await assignment.over;

  expect(said.at(-1)).toMatchObject({ kind: 'result', result: { error: { code: 'TIMED_OUT' } } });
});
