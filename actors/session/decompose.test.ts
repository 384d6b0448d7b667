import { expect, test } from 'vitest';
import { type Session, SessionDraft } from '#protocols/session.ts';
import { TaskSpec } from '#protocols/task.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { decompose, type Plan } from './decompose.ts';
import { matchTemplates } from './matching.ts';
import { sessionKind } from './session.ts';
import { TEMPLATES } from './templates.ts';

function sessionOf(draft: Record<string, unknown>): Session {
  const actor = new OneActor<Session>(sessionKind, 's-1');
  return actor.handle({ type: 'create', title: 'Do the thing', initial_prompt: 'Do it.', ...draft }).state;
}

function planOf(draft: Record<string, unknown>): Plan {
  let count = 0;
  const plan = decompose(sessionOf(draft), () => `t-${++count}`);
  if ('failure' in plan) throw new Error(plan.failure.detail);
  return plan;
}

function matchOf(draft: Record<string, unknown>): string | undefined {
  const text = SessionDraft.parse({ title: 'Do the thing', initial_prompt: 'Do it.', ...draft });
  return matchTemplates(text)[0]?.name;
}

test('the template that the caller names is taken, whatever the text says and however it is spelled', () => {
  expect(planOf({ template: 'crud', title: 'Security of the api' }).template).toBe('crud');
  expect(planOf({ template: 'Web Service' }).template).toBe('web_service');
  expect(planOf({ template: 'web-service' }).template).toBe('web_service');
});

test('a template that nobody knows is refused, and all that there are are named', () => {
  const plan = decompose(sessionOf({ template: 'waterfall' }), () => 't-1');

  expect(plan).toMatchObject({ failure: { code: 'VALIDATION_FAILED', errors: [{ path: 'template' }] } });
  for (const { name } of TEMPLATES) expect(JSON.stringify(plan)).toContain(name);
  expect(JSON.stringify(plan)).toContain('none');
});

test('none is one task, whatever the text says', () => {
  const plan = planOf({ template: 'none', title: 'Implement the database' });

  expect(plan.template).toBeNull();
  expect(plan.tasks).toHaveLength(1);
});

test('a template matches whole words in title, description, prompt and type', () => {
  expect(matchOf({ title: 'A crud for notes' })).toBe('crud');
  expect(matchOf({ description: 'Keeps them in a database.' })).toBe('crud');
  expect(matchOf({ initial_prompt: 'Write a Web-Service.' })).toBe('web_service');
  expect(matchOf({ title: 'Tell the author' })).toBeUndefined();
  expect(matchOf({ title: 'Build it quickly' })).toBeUndefined();
  expect(matchOf({})).toBeUndefined();
});

test('of several matches the one with the highest priority wins, never several at once', () => {
  expect(matchOf({ title: 'An api with a database and authentication' })).toBe('security');
  expect(matchOf({ title: 'An api for a database' })).toBe('crud');
  expect(matchOf({ title: 'A distributed crud' })).toBe('microservice');
  expect(matchOf({ title: 'A crud database model with auth' })).toBe('security');
});

test('a session that matches nothing is one task that begins with a verb and needs what the verb says', () => {
  const [made] = planOf({ title: 'Make the tests pass' }).tasks;
  const [bare] = planOf({ title: 'Wrong totals on invoices', session_type: 'debug' }).tasks;

  expect(made?.spec).toMatchObject({
    title: 'Make the tests pass',
    required_capabilities: ['code_generation'],
  });
  expect(bare?.spec).toMatchObject({
    title: 'Fix: Wrong totals on invoices',
    required_capabilities: ['debugging'],
  });
});

test('every task of every template is a valid one, within all limits, also for the longest prompt', () => {
  for (const { name } of TEMPLATES) {
    const plan = planOf({ template: name, initial_prompt: 'x'.repeat(10_000), title: 'y'.repeat(200) });
    for (const { spec } of plan.tasks) expect(() => TaskSpec.parse(spec), name).not.toThrow();
  }
  const [one] = planOf({
    template: 'none',
    initial_prompt: 'x'.repeat(10_000),
    title: 'y'.repeat(200),
  }).tasks;
  expect(() => TaskSpec.parse(one?.spec)).not.toThrow();
});

test('each task says what its session asks for, and depends on tasks by their ids', () => {
  const { tasks } = planOf({ template: 'crud', initial_prompt: 'Keep notes for everyone.' });

  for (const { spec } of tasks) expect(spec.description).toContain('Keep notes for everyone.');
  expect(tasks[4]?.spec.dependencies).toEqual(
    ['t-1', 't-2', 't-3', 't-4'].map((task_id) => ({ task_id, kind: 'finish_to_start', required: true })),
  );
  expect(tasks[4]?.spec.required_capabilities).toEqual(['test_generation']);
});

test('the priority of a session becomes that of its tasks, and no attempt may outlast the session', () => {
  const priorities = ['critical', 'high', 'medium', 'low', 'deferred'].map((priority) => {
    return planOf({ priority, template: 'none' }).tasks[0]?.spec.priority;
  });
  const [task] = planOf({ template: 'none', max_duration_seconds: 60 }).tasks;

  expect(priorities).toEqual(['critical', 'high', 'normal', 'low', 'background']);
  expect(task?.spec.timeout_seconds).toBe(60);
});

test('a task has three attempts of an hour where nothing else is said', () => {
  const [task] = planOf({ template: 'none' }).tasks;

  expect(task?.spec).toMatchObject({ max_attempts: 3, timeout_seconds: 3_600 });
});

test('a high level of security makes its tasks half as long again', () => {
  const likely = (security_level: string) => {
    return planOf({ template: 'security', metadata: { security_level } }).tasks[0]?.spec.estimate.likely;
  };

  expect([likely('medium'), likely('high')]).toEqual([4, 6]);
});
