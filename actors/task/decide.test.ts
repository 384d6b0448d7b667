import { expect, test } from 'vitest';
import { decideOn, PUSH, request, requestOf, requestOpenly, WHICH } from '../testing/request-fixture.ts';
import { makeRunningTask } from '../testing/task-fixture.ts';

test('a person decides: the agent is told, the row is settled, the audit has who, what and why', () => {
  const task = requestOpenly(makeRunningTask());

  decideOn(task, 'r-1', { option: 'once', reason: 'it is our branch' });

  const { id } = requestOf(task, 'r-1');
  expect(task.value).toEqual({ approval_id: id, task_id: 't-1', state: 'approved' });
  expect(task.sentTo('agent')).toMatchObject([
    { payload: { outcome: 'selected', optionKind: 'allow_once', by: 'user:anna', note: 'it is our branch' } },
  ]);
  expect(task.sentTo('approval')).toMatchObject([
    { type: 'settle', state: 'approved', decision: { by: 'user:anna', option_id: 'once' } },
  ]);
  expect(task.sentTo('audit')).toMatchObject([
    {
      by: 'user:anna',
      act: 'approval.decided',
      target: id,
      reason: 'it is our branch',
      before: { title: 'git push origin', decided: 'approved', option_id: 'once' },
    },
  ]);
  expect(task.eventNames).toEqual(['approval_decided']);
});

test('the first word decides: a second one is refused with what was decided, and kept', () => {
  const task = requestOpenly(makeRunningTask());
  decideOn(task, 'r-1', { option: 'once' }, 'user:anna');
  const state = task.state;

  decideOn(task, 'r-1', { option: 'reject', reason: 'never' }, 'user:ben');

  expect(task.failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'approved',
    detail: expect.stringContaining('user:anna'),
  });
  expect(task.of('emit')).toMatchObject([
    { name: 'late_decision', payload: { by: 'user:ben', option: 'reject', reason: 'never' } },
  ]);
  expect(task.state).toBe(state);
  expect(task.sentTo('agent')).toEqual([]);
});

test('an option is named by its id or its kind, and only what was offered can be chosen', () => {
  for (const option of ['reject', 'reject_once']) {
    const task = requestOpenly(makeRunningTask());
    expect(decideOn(task, 'r-1', { option }).value).toMatchObject({ state: 'rejected' });
  }
  for (const word of [
    { option: 'reject_always' },
    { option: 'x' },
    {},
    { option: 'once', answers: [['x']] },
  ]) {
    const task = requestOpenly(makeRunningTask());
    expect(decideOn(task, 'r-1', word).failure?.code).toBe('VALIDATION_FAILED');
    expect(requestOf(task, 'r-1').state).toBe('pending');
  }
});

test('always becomes a rule of the session, and a rule that is too long for one is none', () => {
  const task = requestOpenly(makeRunningTask());
  decideOn(task, 'r-1', { option: 'always' });
  const rules = task.sentTo('session');
  const long = requestOpenly(makeRunningTask(), 'r-1', { ...PUSH, patterns: ['x'.repeat(600)], always: [] });
  decideOn(long, 'r-1', { option: 'allow_always' });

  expect(rules[0]).toEqual({
    type: 'add_rules',
    run: 1,
    rules: [{ permission: 'bash', pattern: 'git push *', action: 'allow' }],
    by: 'user:anna',
  });
  expect(long.sentTo('session').map(({ type }) => type)).toEqual(['task_waits']);
});

test('rules that were made for the session decide what waits, and leave what they do not speak of', () => {
  const task = requestOpenly(requestOpenly(makeRunningTask(), 'r-1'), 'r-2', { ...PUSH, patterns: ['rm x'] });
  const rules = [{ permission: 'bash', pattern: 'git push *', action: 'allow' }];

  task.handle({ type: 'rules_added', run: 1, rules }, 'session/dev/s-1');
  const first = task.sentTo('agent');
  task.handle({ type: 'rules_added', run: 2, rules: [{ ...rules[0], pattern: '*' }] }, 'session/dev/s-1');

  expect(first).toMatchObject([
    { payload: { requestId: 'r-1', by: 'session_rule', optionKind: 'allow_once' } },
  ]);
  expect(requestOf(task, 'r-2').state).toBe('pending');
});

test('a question is answered with one list for each, chosen of what was offered', () => {
  const task = requestOpenly(makeRunningTask(), 'q', WHICH);
  for (const answers of [undefined, [], [[]], [['a'], ['b']], [['Postgres', 'SQLite']], [['Oracle']]]) {
    expect(decideOn(task, 'q', answers ? { answers } : {}).failure?.code, JSON.stringify(answers)).toBe(
      'VALIDATION_FAILED',
    );
  }

  decideOn(task, 'q', { answers: [['Postgres']], reason: 'we have it' });

  expect(task.value).toMatchObject({ state: 'answered' });
  expect(task.sentTo('agent')).toMatchObject([
    {
      kind: 'input',
      payload: { requestId: 'q', outcome: 'answered', answers: [['Postgres']], note: 'we have it' },
    },
  ]);
  expect(task.sentTo('audit')).toMatchObject([{ before: { answers: [['Postgres']] } }]);
});

test('a question may be refused, and is not answered by an option', () => {
  const task = requestOpenly(makeRunningTask(), 'q', WHICH);

  expect(decideOn(task, 'q', { option: 'once' }).failure?.code).toBe('VALIDATION_FAILED');
  expect(decideOn(task, 'q', { option: 'reject', answers: [['x']] }).failure?.code).toBe('VALIDATION_FAILED');
  expect(decideOn(task, 'q', { option: 'reject' }).value).toMatchObject({ state: 'rejected' });
  expect(task.sentTo('agent')).toMatchObject([{ payload: { outcome: 'rejected', answers: null } }]);
});

test('a request that is not known is not found, and one that rules still judge is not ready', () => {
  const task = request(makeRunningTask());

  expect(decideOn(task, 'r-1', { option: 'once' }).failure?.code).toBe('NOT_READY');
  task.handle({ type: 'decide', approval_id: 'nothing', option: 'once' });
  expect(task.failure?.code).toBe('APPROVAL_NOT_FOUND');
});
