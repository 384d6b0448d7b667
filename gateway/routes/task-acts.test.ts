import { expect, test } from 'vitest';
import type { Reply } from '#protocols/failure.ts';
import type { TaskState } from '#protocols/task.ts';
import { TASK_TRANSITIONS } from '#protocols/task-transitions.ts';
import { sampleTask } from '#protocols/testing/samples.ts';
import type { Command } from '#runtime/client.ts';
import type { MemoryClient } from '#runtime/testing/client.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const ROOT = '/api/v1/tasks';
const addressOf = (id: string) => ({ type: 'task', tenant: 'dev', id });

/** Each act: its method, the state it leads to from `in_progress` or `ready`, a body that is right and one that is not. */
const ACTS = [
  {
    act: 'status',
    method: 'PUT',
    from: 'ready',
    to: 'blocked',
    body: { state: 'blocked' },
    bad: { state: 'pending' },
    fault: 'state',
  },
  {
    act: 'start',
    method: 'POST',
    from: 'ready',
    to: 'in_progress',
    body: { reason: 'mine' },
    bad: { reason: '' },
    fault: 'reason',
  },
  {
    act: 'complete',
    method: 'POST',
    from: 'in_progress',
    to: 'completed',
    body: { summary: 'done', branch: 'anna/x' },
    bad: { branch: '' },
    fault: 'branch',
  },
  {
    act: 'fail',
    method: 'POST',
    from: 'in_progress',
    to: 'failed',
    body: { reason: 'wrong', retry: true },
    bad: { reason: 'wrong', retry: 'yes' },
    fault: 'retry',
  },
] as const;

/** Answers as a task's actor might. */
function actAsTask(command: Command, client: MemoryClient): Reply {
  const stored = client.find(command.to);
  if (!stored) return { ok: false, failure: { code: 'TASK_NOT_FOUND', detail: 'there is none' } };
  const task = sampleTask(Object(stored.state));
  if (task.state === 'completed') {
    const detail = 'it is over';
    return {
      ok: false,
      failure: { code: 'INVALID_TRANSITION', detail, current_state: task.state, allowed: [] },
    };
  }
  client.put(command.to, { ...task, state: String(command.message.to) as TaskState });
  return { ok: true, value: null };
}

function build(state: TaskState) {
  const { app, client } = buildTestGateway(actAsTask);
  client.put(addressOf('t1'), sampleTask({ id: 't1', state }));
  return { app, client };
}

test('each act tells the task the state it shall have, and shows it as it is then', async () => {
  for (const { act, method, from, to, body } of ACTS) {
    const { app, client } = build(from);

    const response = await app.inject({ method, url: `${ROOT}/t1/${act}`, payload: body });

    expect(response.statusCode, act).toBe(200);
    expect(response.json(), act).toMatchObject({ id: 't1', state: to });
    expect(response.headers.etag).toBe(`"${response.json().version}"`);
    const { state: _, ...rest } = { state: undefined, ...body };
    expect(client.commands[0]?.message, act).toEqual({ type: 'set_state', to, ...rest });
  }
});

test('start and complete need no body', async () => {
  for (const [act, from] of [
    ['start', 'ready'],
    ['complete', 'in_progress'],
  ] as const) {
    const { app } = build(from);

    expect((await app.inject({ method: 'POST', url: `${ROOT}/t1/${act}` })).statusCode, act).toBe(200);
  }
});

test('a body that is not right is refused with the path of its fault, and the task hears nothing', async () => {
  for (const { act, method, from, bad, fault } of ACTS) {
    const { app, client } = build(from);

    const response = await app.inject({ method, url: `${ROOT}/t1/${act}`, payload: bad });

    expect(response.json(), act).toMatchObject({
      status: 422,
      code: 'VALIDATION_FAILED',
      errors: [{ path: fault }],
    });
    expect(client.commands).toEqual([]);
  }
});

test('a task that is not there is not found, and one that may not is a conflict that says what is allowed', async () => {
  for (const { act, method, body } of ACTS) {
    const { app } = build('completed');
    const ask = async (id: string) =>
      (await app.inject({ method, url: `${ROOT}/${id}/${act}`, payload: body })).json();

    expect(await ask('nothing'), act).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
    expect(await ask('t1'), act).toMatchObject({ status: 409, current_state: 'completed', allowed: [] });
  }
});

test('the same key gives the same answer once, and with another body it is refused', async () => {
  for (const { act, method, from, body } of ACTS) {
    const { app, client } = build(from);
    const ask = async (payload: object) =>
      (
        await app.inject({ method, url: `${ROOT}/t1/${act}`, payload, headers: { 'idempotency-key': 'k1' } })
      ).json();

    const first = await ask(body);
    const again = await ask(body);

    expect(again, act).toEqual(first);
    expect(new Set(client.commands.map(({ key }) => key)).size).toBe(1);
    const { code } = await ask({ ...body, reason: 'another' });
    expect(code, act).toBe(act === 'complete' ? undefined : 'IDEMPOTENCY_KEY_REUSED');
  }
});

test('the status of a task says what may follow, for every state', async () => {
  for (const [state, allowed] of Object.entries(TASK_TRANSITIONS)) {
    const { app } = build(state as TaskState);

    const response = await app.inject({ url: `${ROOT}/t1/status` });

    expect(response.json(), state).toMatchObject({ task_id: 't1', state, allowed: [...allowed] });
  }
  const { app } = build('ready');
  expect((await app.inject({ url: `${ROOT}/none/status` })).json()).toMatchObject({ code: 'TASK_NOT_FOUND' });
});
