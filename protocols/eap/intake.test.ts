import { expect, test } from 'vitest';
import { artifactObject, takeIn } from './intake.ts';

const speaker = { tenant: 'dev', agent: 'agent-x' };
const head = { eap: '2.0', id: 'message-1', ts: '2026-11-21T02:00:00.000Z' };
const ref = { taskId: 't1', attempt: 2 };
const card = {
  name: 'AGENT-X',
  agent_type: 'implementer',
  version: '1',
  capabilities: { primary: ['code_generation'] },
};

test('what an agent says of a task goes to the task, in the name of the subject', () => {
  const forged = { ...head, ...ref, kind: 'progress', percent: 10, agent_id: 'agent-y', tenant: 'other' };

  expect(takeIn(speaker, forged)).toEqual({
    to: { type: 'task', tenant: 'dev', id: 't1' },
    key: 'eap:agent-x:message-1',
    blob: null,
    message: { type: 'progress', attempt: 2, agent_id: 'agent-x', percent: 10 },
  });
});

test('what an agent says of itself goes to its own actor', () => {
  const register = { ...head, kind: 'register', card, instance: 'i-1', resume: [ref] };

  expect(takeIn(speaker, register)).toMatchObject({
    to: { type: 'agent', tenant: 'dev', id: 'agent-x' },
    message: { type: 'register', instance: 'i-1', resume: [{ task_id: 't1', attempt: 2 }] },
  });
  expect(takeIn(speaker, { ...head, kind: 'drain', instance: 'i-1' })).toMatchObject({
    to: { type: 'agent', id: 'agent-x' },
    message: { type: 'drain', instance: 'i-1' },
  });
});

test('nobody registers under the name of another', () => {
  const register = { ...head, kind: 'register', card: { ...card, name: 'AGENT-Y' }, instance: 'i-1' };

  expect(takeIn(speaker, register)).toMatchObject({ failure: { code: 'FORBIDDEN' } });
});

test('the same id of two agents is two keys', () => {
  const said = { ...head, ...ref, kind: 'progress' };

  expect(takeIn(speaker, said)).toMatchObject({ key: 'eap:agent-x:message-1' });
  expect(takeIn({ ...speaker, agent: 'agent-y' }, said)).toMatchObject({ key: 'eap:agent-y:message-1' });
});

test('pieces of an artifact are stored under their speaker, and the last one makes it known', () => {
  const piece = (index: number) =>
    takeIn(speaker, {
      ...head,
      ...ref,
      kind: 'artifact',
      artifactId: 'a1',
      name: '../../evil',
      role: 'log',
      mediaType: 'text/plain',
      sizeBytes: 10,
      sha256: '0'.repeat(64),
      chunk: { index, count: 2 },
      data: 'aGVsbG8=',
    });

  expect(piece(0)).toMatchObject({
    blob: { name: 'dev/agent-x/t1/2/a1/0', base64: 'aGVsbG8=' },
    message: null,
  });
  expect(piece(1)).toMatchObject({
    blob: { name: artifactObject({ ...speaker, ...ref, artifactId: 'a1', index: 1 }) },
    message: {
      type: 'artifact',
      artifact: { artifact_id: 'a1', attempt: 2, chunks: 2, size_bytes: 10, name: '../../evil' },
    },
  });
});

test('what is no message is a failure that says what is wrong', () => {
  for (const body of [undefined, null, 7, 'x', [], {}, { ...head, kind: 'progress' }]) {
    expect(takeIn(speaker, body)).toMatchObject({ failure: { code: 'VALIDATION_FAILED' } });
  }
  const taken = takeIn(speaker, { ...head, ...ref, kind: 'progress', percent: 101 });
  expect(taken).toMatchObject({ failure: { errors: [{ path: 'percent' }] } });
});

test('a permission is asked of the task under the agent that speaks, with the options that are meant where none are named', () => {
  const said = {
    ...{ eap: '2.0', id: 'message-1', ts: '2026-01-01T00:00:00.000Z', kind: 'permission.request' },
    ...{ taskId: 't-1', attempt: 2, requestId: 'r-1', permission: 'bash', patterns: ['git push'] },
    ...{ subject: { type: 'command', title: 'git push' }, expiresSeconds: 60, originTaskId: 'ses_1' },
    agent_id: 'somebody-else',
  };

  const taken = takeIn({ tenant: 'dev', agent: 'agent-a' }, said);

  expect(taken).toMatchObject({
    to: { type: 'task', tenant: 'dev', id: 't-1' },
    message: {
      type: 'request',
      attempt: 2,
      agent_id: 'agent-a',
      request_id: 'r-1',
      expires_seconds: 60,
      origin_task_id: 'ses_1',
      ask: {
        kind: 'permission',
        patterns: ['git push'],
        options: [{ kind: 'allow_once' }, { kind: 'allow_always' }, { kind: 'reject_once' }],
      },
    },
  });
});

test('a question without parts is its prompt, and one that is taken back is named', () => {
  const head = { eap: '2.0', id: 'message-1', ts: '2026-01-01T00:00:00.000Z', taskId: 't-1', attempt: 1 };
  const speaker = { tenant: 'dev', agent: 'agent-a' };

  expect(takeIn(speaker, { ...head, kind: 'input.request', requestId: 'q', prompt: 'Which?' })).toMatchObject(
    {
      message: {
        ask: { kind: 'input', prompt: 'Which?', questions: [{ question: 'Which?', custom: true }] },
      },
    },
  );
  expect(takeIn(speaker, { ...head, kind: 'request.withdrawn', requestId: 'q' })).toMatchObject({
    message: { type: 'withdraw_request', request_id: 'q', agent_id: 'agent-a' },
  });
});
