import { expect, test } from 'vitest';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { newHead } from './head.ts';
import type { Told } from './incoming.ts';
import { SILENT } from './logger.ts';
import { type PermissionQuestion, type RequestOut, TaskRequests } from './requests.ts';

const PUSH: PermissionQuestion = {
  permission: 'bash',
  patterns: ['git push origin'],
  subject: { type: 'command', title: 'git push origin' },
};
const AT = '2026-01-01T00:00:00.000Z';

type Answer = (message: RequestOut) => OutAnswer | null | Promise<OutAnswer | null>;

const pending: Answer = ({ requestId }) => ({
  ok: true,
  value: { state: 'pending', requestId, expiresAt: AT },
});

function setUp(answer: Answer = pending, againMs = 60_000) {
  const said: RequestOut[] = [];
  const stop = new AbortController();
  const requests = new TaskRequests({
    taskId: 't-1',
    attempt: 2,
    say: async (message) => {
      said.push(message);
      return answer(message);
    },
    workSignal: stop.signal,
    againMs,
    logger: SILENT,
  });
  return { requests, said, stop };
}

function decision(requestId: string, kind: 'allow_once' | 'reject_once' = 'allow_once'): Told {
  const about = { ...newHead(), taskId: 't-1', attempt: 2, by: 'user:anna', note: null };
  const chosen = { outcome: 'selected', optionId: 'x', optionKind: kind } as const;
  return { ...about, kind: 'permission.decision', requestId, ...chosen };
}

/** Until what was begun has said what it says. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what a rule decided comes with the answer to the request', async () => {
  const { requests, said } = setUp(({ requestId }) => {
    const { taskId: _, attempt: __, eap: ___, id: ____, ts: _____, ...told } = decision(requestId);
    return { ok: true, value: { state: 'decided', decision: told } };
  });

  const answer = await requests.askPermission(PUSH);

  expect(answer).toMatchObject({ isAllowed: true, outcome: 'selected', by: 'user:anna' });
  expect(said).toMatchObject([
    { kind: 'permission.request', taskId: 't-1', attempt: 2, permission: 'bash', risk: 'unknown' },
  ]);
});

test('two that wait at once get their own answers, whatever the order', async () => {
  const { requests } = setUp();
  const first = requests.askPermission({ ...PUSH, requestId: 'r-1' });
  const second = requests.askPermission({ ...PUSH, requestId: 'r-2' });
  await settled();

  requests.take(decision('r-2', 'reject_once'));
  requests.take(decision('unknown'));
  requests.take(decision('r-1'));

  expect([(await first).isAllowed, (await second).isAllowed]).toEqual([true, false]);
});

test('an answer that comes before the request was answered is not lost', async () => {
  const { requests } = setUp(async (message) => {
    requests.take(decision(message.requestId));
    return pending(message);
  });

  expect((await requests.askPermission(PUSH)).isAllowed).toBe(true);
});

test('what waits is asked again now and then and after a reconnect, under its own name', async () => {
  const again = setUp(pending, 10);
  const waiting = again.requests.askPermission({ ...PUSH, requestId: 'r-1' });
  while (again.said.length < 3) await settled();
  again.requests.take(decision('r-1'));
  await waiting;
  const woken = setUp();
  const second = woken.requests.askPermission({ ...PUSH, requestId: 'r-1' });
  await settled();
  woken.requests.askAgain();
  await settled();
  woken.requests.take(decision('r-1'));
  await second;

  for (const { said } of [again, woken]) {
    expect(new Set(said.map(({ requestId }) => requestId))).toEqual(new Set(['r-1']));
    expect(new Set(said.map(({ id }) => id)).size).toBe(said.length);
  }
  expect(woken.said).toHaveLength(2);
});

test('who no longer wants to know takes it back and has no for an answer', async () => {
  const { requests, said } = setUp();
  const gone = new AbortController();
  const waiting = requests.askPermission({ ...PUSH, requestId: 'r-1', signal: gone.signal });
  await settled();

  gone.abort();

  expect(await waiting).toMatchObject({ isAllowed: false, outcome: 'cancelled' });
  expect(said.at(-1)).toMatchObject({ kind: 'request.withdrawn', requestId: 'r-1' });
});

test('when the work is to end nobody is waited for, and nothing is taken back', async () => {
  const { requests, said, stop } = setUp();
  const waiting = requests.askPermission(PUSH);
  const question = requests.askInput({ prompt: 'Which?' });
  await settled();

  stop.abort();

  expect(await waiting).toMatchObject({ isAllowed: false, outcome: 'cancelled' });
  expect(await question).toMatchObject({ answers: null, outcome: 'cancelled' });
  expect(said.map(({ kind }) => kind)).toEqual(['permission.request', 'input.request']);
});

test('a request that is refused throws with the code', async () => {
  const error = { code: 'VALIDATION_FAILED', message: '16 wait', retryable: false };
  const { requests } = setUp(() => ({ ok: false, error }));

  await expect(requests.askPermission(PUSH)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});

test('a question comes back with its answers', async () => {
  const { requests, said } = setUp();
  const waiting = requests.askInput({ prompt: 'Which?', requestId: 'q-1' });
  await settled();
  const about = { ...newHead(), taskId: 't-1', attempt: 2, by: 'user:anna', note: 'ours' };
  requests.take({ ...about, kind: 'input', requestId: 'q-1', outcome: 'answered', answers: [['Postgres']] });

  expect(await waiting).toEqual({
    outcome: 'answered',
    answers: [['Postgres']],
    by: 'user:anna',
    note: 'ours',
  });
  expect(said).toMatchObject([{ kind: 'input.request', prompt: 'Which?' }]);
});

test('words reach whoever listens, and one that throws harms nothing', async () => {
  const { requests } = setUp();
  const words: string[] = [];
  const before = requests.isSteerable;
  requests.onSteer(({ message, delivery }) => {
    words.push(`${delivery}: ${message}`);
    if (message === 'x') throw new Error('no');
  });
  const about = { ...newHead(), taskId: 't-1', attempt: 2, kind: 'steer', by: 'user:anna' } as const;
  requests.take({ ...about, message: 'x', delivery: 'steer' });
  requests.take({ ...about, message: 'y', delivery: 'interrupt' });
  await settled();

  expect([before, requests.isSteerable]).toEqual([false, true]);
  expect(words).toEqual(['steer: x', 'interrupt: y']);
});
