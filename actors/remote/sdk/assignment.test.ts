import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { Assignment, type AssignmentOptions } from './assignment.ts';
import { newHead } from './head.ts';
import type { LockOut } from './locks.ts';
import { SILENT } from './logger.ts';
import type { AttemptOut } from './outgoing.ts';
import { type AgentTask, AttemptEnded, type Work } from './task.ts';
import { TIMING } from './timing.ts';
import type { ToolsOut } from './tools.ts';

type Result = Extract<AttemptOut, { kind: 'result' }>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const OK: OutAnswer = { ok: true, value: null };

function begin(
  work: Work,
  answer: (message: AttemptOut | LockOut | ToolsOut) => OutAnswer | Promise<OutAnswer | null> = () => OK,
  keeping: Pick<AssignmentOptions, 'log' | 'resume'> = {},
) {
  const said: (AttemptOut | LockOut | ToolsOut)[] = [];
  const payload = {
    sessionId: 's1',
    sessionTitle: 'Session',
    title: 'Task',
    description: '',
    taskType: 'execution',
    prompt: 'Do it',
    timeoutSeconds: 60,
  };
  const assignment = new Assignment({
    assign: { ...newHead(), kind: 'assign', taskId: 't1', attempt: 3, payload },
    work,
    ask: async (message, signal) => {
      said.push(message);
      const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
      return Promise.race([answer(message), aborted]);
    },
    timing: TIMING,
    logger: SILENT,
    ...keeping,
  });
  const lastWord = () => said.findLast((message): message is Result => message.kind === 'result');
  return { assignment, said, lastWord };
}

/** Work that ends when it is told to, as work should. */
function obedient(seen: { reason?: unknown }): Work {
  return (task) =>
    new Promise((_, reject) => {
      task.signal.addEventListener('abort', () => {
        seen.reason = task.signal.reason;
        reject(task.signal.reason);
      });
    });
}

const never: Work = () => new Promise(() => undefined);

async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('a result is said once, with usage, after everything that was said before it', async () => {
  const usage = { tokens_in: 10, tokens_out: 5, cost_usd: 0.01 };
  const { assignment, said, lastWord } = begin(async (task) => {
    await task.progress({ percent: 150, note: 'n'.repeat(3_000), usage });
    await task.tool({ callId: 'c1', tool: 'edit', title: 'Edit', status: 'completed' });
    void task.artifact({ name: 'log', role: 'log', mediaType: 'text/plain', bytes: 'not awaited' });
    return { success: true, summary: 'done' };
  });

  await assignment.over;

  expect(said.map((message) => message.kind)).toEqual(['progress', 'tool', 'artifact', 'result']);
  expect(said[0]).toMatchObject({ percent: 100, usage, taskId: 't1', attempt: 3 });
  expect(lastWord()).toMatchObject({ result: { success: true, summary: 'done' }, usage, cancelled: false });
  expect(vi.getTimerCount()).toBe(0);
});

test('work that throws has a failed result', async () => {
  const { assignment, lastWord } = begin(() => {
    throw new Error('out of ideas');
  });

  await assignment.over;

  expect(lastWord()).toMatchObject({
    result: { success: false, error: { code: 'AGENT_ERROR', message: 'out of ideas', retryable: true } },
    cancelled: false,
  });
});

test('work that ends when cancelled has a cancelled result', async () => {
  const seen: { reason?: unknown } = {};
  const { assignment, lastWord } = begin(obedient(seen));
  await nextTurns();

  assignment.cancel('not needed', 10);
  await assignment.over;

  expect(seen.reason).toBeInstanceOf(AttemptEnded);
  expect(seen.reason).toMatchObject({ reason: 'cancelled', message: 'not needed' });
  expect(lastWord()).toMatchObject({
    result: { success: false, error: { code: 'CANCELLED' } },
    cancelled: true,
  });
});

test('what work still hands in within its grace is in the cancelled result', async () => {
  const { assignment, lastWord } = begin(
    (task) =>
      new Promise((resolve) => {
        task.signal.addEventListener('abort', () => resolve({ success: false, summary: 'half of it' }));
      }),
  );
  await nextTurns();

  assignment.cancel('not needed', 10);
  await assignment.over;

  expect(lastWord()).toMatchObject({ result: { summary: 'half of it' }, cancelled: true });
});

test('work that does not end is cancelled without it after the grace, and is not heard any more', async () => {
  const kept: { task?: AgentTask } = {};
  const { assignment, said, lastWord } = begin((task) => {
    kept.task = task;
    return never(task);
  });
  await nextTurns();

  assignment.cancel('not needed', 10);
  vi.advanceTimersByTime(9_999);
  await nextTurns();
  expect(lastWord()).toBeUndefined();
  vi.advanceTimersByTime(1);
  await assignment.over;

  expect(lastWord()).toMatchObject({ result: { success: false }, cancelled: true });
  const saidBefore = said.length;
  await kept.task?.progress({ percent: 99 });
  await kept.task?.tool({ callId: 'c', tool: 't', title: '', status: 'failed' });
  await expect(
    kept.task?.artifact({ name: 'x', role: 'log', mediaType: 'text/plain', bytes: 'x' }),
  ).rejects.toThrow('the attempt is over');
  expect(said).toHaveLength(saidBefore);
});

test('an attempt whose time is over fails as timed out, whatever the work does', async () => {
  const seen: { reason?: unknown } = {};
  const { assignment, lastWord } = begin(obedient(seen));
  await nextTurns();

  vi.advanceTimersByTime(60_000);
  await assignment.over;

  expect(seen.reason).toMatchObject({ reason: 'timed_out' });
  expect(lastWord()).toMatchObject({
    result: { success: false, error: { code: 'TIMED_OUT', retryable: true } },
    cancelled: false,
  });
});

test('a stale answer ends the work and nothing more is said', async () => {
  const seen: { reason?: unknown } = {};
  const stale: OutAnswer = {
    ok: false,
    error: { code: 'STALE_EPOCH', message: 'attempt 4 runs', retryable: false },
  };
  const { assignment, said } = begin(
    (task) => {
      void task.progress({ percent: 1 });
      return obedient(seen)(task);
    },
    () => stale,
  );

  await assignment.over;

  expect(seen.reason).toMatchObject({ reason: 'stale', message: 'attempt 4 runs' });
  expect(said.map((message) => message.kind)).toEqual(['progress']);
});

test('another refusal of a progress report does not end the work', async () => {
  const { assignment, lastWord } = begin(
    async (task) => {
      await task.progress({ percent: 1 });
      return { success: true, summary: 'done' };
    },
    (message) =>
      message.kind === 'progress'
        ? { ok: false, error: { code: 'VALIDATION_FAILED', message: 'no', retryable: false } }
        : OK,
  );

  await assignment.over;

  expect(lastWord()).toMatchObject({ result: { success: true } });
});

test('an artifact that is refused throws where it was handed in', async () => {
  const refused: unknown[] = [];
  const { assignment, lastWord } = begin(
    async (task) => {
      const stored = task.artifact({ name: 'x', role: 'log', mediaType: 'text/plain', bytes: 'x' });
      await stored.catch((error: unknown) => refused.push(error));
      return { success: true, summary: 'without it' };
    },
    (message) =>
      message.kind === 'artifact'
        ? { ok: false, error: { code: 'QUOTA_EXCEEDED', message: 'full', retryable: false } }
        : OK,
  );

  await assignment.over;

  expect(refused).toMatchObject([{ name: 'ArtifactRefused', message: 'artifact x: QUOTA_EXCEEDED: full' }]);
  expect(lastWord()).toMatchObject({ result: { success: true } });
});

test('what nobody answers is given up some time after the deadline', async () => {
  const { assignment, lastWord } = begin(
    async () => ({ success: true, summary: 'done' }),
    () => new Promise(() => undefined),
  );
  await nextTurns();
  let isOver = false;
  void assignment.over.then(() => {
    isOver = true;
  });

  vi.advanceTimersByTime(60_000 + TIMING.timeoutGraceMs + TIMING.afterDeadlineMs - 1);
  await nextTurns();
  expect(isOver).toBe(false);
  vi.advanceTimersByTime(1);
  await assignment.over;

  expect(lastWord()).toMatchObject({ result: { success: true } });
});

test('an attempt that ends silently before its work began never begins it', async () => {
  const work = vi.fn(never);
  const { assignment, said } = begin(work);

  assignment.end('superseded', 'attempt 4 was assigned');
  await assignment.over;
  await assignment.workEnded;

  expect(work).not.toHaveBeenCalled();
  expect(said).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('locks that the work still holds are let go before its result is said', async () => {
  const value = { state: 'granted', name: 'n', token: 3, count: 1, expiresAt: '2026-01-01T00:00:00.000Z' };
  let held: AbortSignal | undefined;
  const { assignment, said } = begin(
    async (task) => {
      held = (await task.lock('n')).signal;
      return { success: true, summary: 'done' };
    },
    (message) => (message.kind === 'lock_acquire' ? { ok: true, value } : OK),
  );

  await assignment.over;

  expect(said.map(({ kind }) => kind)).toEqual(['lock_acquire', 'lock_release', 'result']);
  expect(held?.aborted).toBe(false);
});

test('an attempt that is over for the orchestrator loses its locks at once', async () => {
  const value = { state: 'granted', name: 'n', token: 3, count: 1, expiresAt: '2026-01-01T00:00:00.000Z' };
  let held: AbortSignal | undefined;
  const { assignment } = begin(
    async (task) => {
      held = (await task.lock('n')).signal;
      return new Promise(() => undefined);
    },
    () => ({ ok: true, value }),
  );
  await nextTurns();

  assignment.end('lease_lost', 'counted as gone');
  await assignment.over;

  expect(held?.aborted).toBe(true);
});

test('tools come with a token of the attempt, and where there are none the work goes on without', async () => {
  const server = {
    name: 'oio',
    url: 'http://gateway/mcp',
    token: 't',
    expiresAt: '2026-01-01T00:00:00.000Z',
  };
  const old: OutAnswer = {
    ok: false,
    error: { code: 'VALIDATION_FAILED', message: 'not known', retryable: false },
  };
  const seen: unknown[] = [];
  const work: Work = async (task) => {
    seen.push(await task.tools());
    return { success: true, summary: 'done' };
  };

  for (const answered of [{ ok: true, value: { mcp: [server] } } as const, old]) {
    const { assignment } = begin(work, ({ kind }) => (kind === 'tools.request' ? answered : OK));
    await assignment.over;
  }

  const headers = { authorization: 'Bearer t' };
  expect(seen).toEqual([[{ name: 'oio', url: 'http://gateway/mcp', headers }], []]);
});
