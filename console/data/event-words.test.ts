import { expect, test } from 'vitest';
import { matcherOf, toEventRow } from './event-words.ts';

function row(payload: Record<string, unknown>, address = 'session/dev/s1', name = 'transitioned') {
  const [type, tenant, id] = address.split('/');
  const record = { id: 'e1', address, name, version: 1, at: '', cause: 'c', root: 'r', payload };
  return toEventRow({
    seq: 1,
    type: `${type}.${name}`,
    subject: `evt.${tenant}.${type}.${id}.${name}`,
    timestamp: '2026-01-01T10:20:30.045Z',
    payload: record,
  });
}

test('a transition reads from where to where, why and by whom, in the tone of its new state', () => {
  const one = row({ from: 'running', to: 'failed', reason: 'a task failed', agent_id: 'agent-1', run: 1 });

  expect(one.words).toBe('running → failed · a task failed · by agent-1');
  expect(one.tone).toBe('fail');
  expect([one.kind, one.id]).toEqual(['session', 's1']);
  expect(one.time).toMatch(/:\d\d:30\.045$/);
});

test('progress and tools read as such', () => {
  expect(row({ percent: 41.7, note: 'running\n the tests' }).words).toBe('42 % · running the tests');
  expect(row({ tool: 'bash', status: 'completed', title: 'npm test', call_id: '1' }).words).toBe(
    'bash completed · npm test',
  );
});

test('of an unknown payload its short fields are told, and long words are clipped', () => {
  expect(row({ waiting: 3, list: [1, 2] }).words).toBe('waiting 3');
  expect(row({ note: 'x'.repeat(5_000) }).words.length).toBeLessThanOrEqual(201);
});

test('a filter of words needs all of them, in any order and case', () => {
  const one = row({ from: 'running', to: 'failed' });

  expect(matcherOf('FAILED session')(one)).toBe(true);
  expect(matcherOf('failed task')(one)).toBe(false);
  expect(matcherOf('  ')(one)).toBe(true);
});

test('a filter with wildcards is one of subjects, with or without their beginning', () => {
  const one = row({});

  expect(matcherOf('evt.dev.session.>')(one)).toBe(true);
  expect(matcherOf('session.*.transitioned')(one)).toBe(true);
  expect(matcherOf('task.>')(one)).toBe(false);
});
