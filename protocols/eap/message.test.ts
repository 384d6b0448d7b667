import { expect, test } from 'vitest';
import { LIMITS } from '../limits.ts';
import { AgentIn, AgentOut } from './message.ts';

const head = { eap: '2.0', id: 'message-1', ts: '2026-11-21T02:00:00.000Z' };
const ref = { taskId: 't1', attempt: 1 };

function artifact(fields: object) {
  return {
    ...head,
    ...ref,
    kind: 'artifact',
    artifactId: 'a1',
    name: 'out.bin',
    role: 'result',
    mediaType: 'application/octet-stream',
    sizeBytes: 1,
    sha256: '0'.repeat(64),
    chunk: { index: 0, count: 1 },
    data: '',
    ...fields,
  };
}

test('a full piece of an artifact is taken, a larger one is not', () => {
  const full = Buffer.alloc(LIMITS.artifactChunkBytesMax).toString('base64');
  const larger = Buffer.alloc(LIMITS.artifactChunkBytesMax + 6).toString('base64');

  expect(AgentOut.safeParse(artifact({ data: full })).success).toBe(true);
  expect(AgentOut.safeParse(artifact({ data: larger })).success).toBe(false);
});

test('an artifact past the limit, or of something else than base64, is not taken', () => {
  expect(AgentOut.safeParse(artifact({ sizeBytes: LIMITS.artifactBytesMax + 1 })).success).toBe(false);
  expect(AgentOut.safeParse(artifact({ data: '***' })).success).toBe(false);
});

test('an instance is a token of a subject', () => {
  const register = (instance: string) =>
    AgentOut.safeParse({
      ...head,
      kind: 'register',
      instance,
      card: {
        name: 'AGENT-X',
        agent_type: 'implementer',
        version: '1',
        capabilities: { primary: ['code_generation'] },
      },
    }).success;

  expect(register('i-0198-abc')).toBe(true);
  for (const hostile of ['', '*', '>', 'a.b', 'a b', 'A', '-a', 'a'.repeat(64)]) {
    expect(register(hostile)).toBe(false);
  }
});

test('a task id is a token of a subject and never a path', () => {
  for (const taskId of ['', '*', '>', 'a.b', '../x', 'a/b', 'a b', 'a'.repeat(129)]) {
    expect(AgentOut.safeParse({ ...head, kind: 'progress', taskId, attempt: 1 }).success).toBe(false);
  }
});

test('attempts are counted from one', () => {
  for (const attempt of [0, -1, 1.5, '1', null]) {
    expect(AgentOut.safeParse({ ...head, kind: 'progress', taskId: 't1', attempt }).success).toBe(false);
  }
});

test('fields that are not known are ignored, other versions and kinds are refused', () => {
  const progress = { ...head, ...ref, kind: 'progress' };

  expect(AgentOut.parse({ ...progress, mood: 'good' })).not.toHaveProperty('mood');
  expect(AgentOut.safeParse({ ...progress, eap: '1.0' }).success).toBe(false);
  expect(AgentOut.safeParse({ ...progress, kind: 'sing' }).success).toBe(false);
});

test('an id of the orchestrator may name the longest task id', () => {
  const id = `cancel-${'t'.repeat(128)}-2000000-9f1c2d3e`;

  const cancel = { ...head, id, ...ref, kind: 'cancel', reason: '', graceSeconds: 0 };
  expect(AgentIn.safeParse(cancel).success).toBe(true);
});
