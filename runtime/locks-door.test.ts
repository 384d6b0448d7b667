import { expect, test } from 'vitest';
import { lockKind } from '#actors/lock/lock.ts';
import type { Reply } from '#protocols/failure.ts';
import { hearAgent } from './agents-door.ts';
import type { Command } from './client.ts';
import { MemoryClient } from './testing/client.ts';

const TASK = { type: 'task', tenant: 'dev', id: 't-1' };
const head = { eap: '2.0', ts: '2026-11-21T02:00:00.000Z', taskId: 't-1', attempt: 2 };

/** The lock actor itself, and a task that only notes that its attempt uses locks. */
function act(command: Command, client: MemoryClient): Reply {
  if (command.to.type === 'task') {
    client.put(TASK, taskOf({ uses_locks: true }));
    return { ok: true, value: null };
  }
  const context = { self: command.to, now: 1_000, messageId: 'm', by: command.by, id: () => 'id' };
  const turn = lockKind.handle(client.find(command.to)?.state ?? null, command.message, context);
  if ('code' in turn) return { ok: false, failure: turn };
  client.put(command.to, turn.state);
  const said = turn.effects.find((effect) => effect.type === 'reply');
  return said?.reply ?? { ok: true, value: null };
}

function taskOf(last: Record<string, unknown> = {}) {
  const first = { number: 1, agent_id: 'agent-y', outcome: 'agent_lost' };
  return { attempts: [first, { number: 2, agent_id: 'agent-x', outcome: null, ...last }] };
}

function setUp() {
  const client = new MemoryClient(act);
  client.put(TASK, taskOf());
  let ids = 0;
  const hear = (said: object, agent = 'agent-x') =>
    hearAgent(
      {
        client,
        objects: { put: async () => undefined },
        isControl: (type, message) => type === 'lock' && lockKind.isControl(message),
      },
      { tenant: 'dev', agent },
      { ...head, id: `message-${ids++}`, ...said },
    );
  return { client, hear };
}

test('an agent has locks in the name of its attempt, which its task notes before the first', async () => {
  const { client, hear } = setUp();

  const granted = await hear({ kind: 'lock_acquire', name: 'n', requestId: 'r', owner: 'user:dev' });
  const again = await hear({ kind: 'lock_acquire', name: 'm', requestId: 'q' });
  const renewed = await hear({ kind: 'lock_renew', name: 'n', token: 1 });
  const released = await hear({ kind: 'lock_release', name: 'n', requestId: 'r' });

  expect(granted).toMatchObject({ ok: true, value: { state: 'granted', name: 'n', token: 1, count: 1 } });
  expect(again).toMatchObject({ ok: true, value: { state: 'granted', token: 2 } });
  expect(renewed).toMatchObject({ ok: true, value: { state: 'granted', token: 1 } });
  expect(released).toMatchObject({ ok: true, value: { state: 'gone', reason: 'released' } });
  expect(
    client.commands.map(({ to, lane, message }) => [to.type, lane, message.type, message.owner]),
  ).toEqual([
    ['task', 'data', 'use_locks', undefined],
    ['lock', 'data', 'acquire', 'task/t-1/2'],
    ['lock', 'data', 'acquire', 'task/t-1/2'],
    ['lock', 'control', 'renew', 'task/t-1/2'],
    ['lock', 'control', 'release', 'task/t-1/2'],
  ]);
  expect(client.commands[0]?.message).toMatchObject({ attempt: 2, agent_id: 'agent-x' });
});

test('nobody speaks of locks under the attempt of another, nor of one that is not there', async () => {
  const { client, hear } = setUp();
  await hear({ kind: 'lock_acquire', name: 'n', requestId: 'r' });
  const before = client.commands.length;

  const answers = [
    await hear({ kind: 'lock_acquire', name: 'm', requestId: 'q' }, 'agent-y'),
    await hear({ kind: 'lock_renew', name: 'n', token: 1 }, 'agent-y'),
    await hear({ kind: 'lock_release', name: 'n', requestId: 'r' }, 'agent-y'),
    await hear({ kind: 'lock_acquire', name: 'm', requestId: 'q', attempt: 3 }),
    await hear({ kind: 'lock_acquire', name: 'm', requestId: 'q', taskId: 't-2' }),
  ];

  expect(answers.map((answer) => !answer.ok && answer.error.code)).toEqual(Array(5).fill('STALE_EPOCH'));
  expect(client.commands).toHaveLength(before);
});

test('an attempt that is over is asked of its task, and refused as the task refuses it', async () => {
  const refused: Reply = { ok: false, failure: { code: 'STALE_EPOCH', detail: 'over' } };
  const client = new MemoryClient(() => refused);
  client.put(TASK, taskOf({ outcome: 'cancelled', uses_locks: true }));

  const answer = await hearAgent(
    { client, objects: { put: async () => undefined }, isControl: () => false },
    { tenant: 'dev', agent: 'agent-x' },
    { ...head, id: 'message-1', kind: 'lock_acquire', name: 'n', requestId: 'r' },
  );

  expect(answer).toMatchObject({ ok: false, error: { code: 'STALE_EPOCH', retryable: false } });
  expect(client.commands.map(({ to }) => to.type)).toEqual(['task']);
});

test('an acquire that waits is answered with its place when its time to answer is over', async () => {
  const { client, hear } = setUp();
  const context = {
    self: { type: 'lock', tenant: 'dev', id: 'locks' },
    now: 1_000,
    messageId: 'm',
    by: 'user:x',
  };
  const acquire = { type: 'acquire', name: 'n', request_id: 'other' };
  const turn = lockKind.handle(null, acquire, { ...context, id: () => 'id' });
  if (!('code' in turn)) client.put(context.self, turn.state);

  const answer = await hear({
    kind: 'lock_acquire',
    name: 'n',
    requestId: 'r',
    waitMs: 5_000,
    answerWithinMs: 50,
  });

  expect(answer).toMatchObject({ ok: true, value: { state: 'waiting', position: 1 } });
});
