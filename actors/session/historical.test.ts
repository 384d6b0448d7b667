import { expect, test } from 'vitest';
import type { Session } from '#protocols/session.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { admit, makeRunning, makeSession } from '../testing/session-fixture.ts';
import { expectedHours } from './estimates.ts';
import { estimateByHistory } from './historical.ts';
import { sessionKind } from './session.ts';

const LEARNED = {
  'templates/crud/create': { base: 2, likely: 0.5, confidence: 0.6 },
  'templates/crud/read': { base: 9, likely: 0.5, confidence: 0.6 },
  'templates/security/design': { base: 4, likely: 2, confidence: 0.7 },
};

const specsOf = (session: OneActor<Session>) => {
  return session
    .sentTo('task')
    .flatMap((message) => (message.type === 'create' ? [Object(message.spec)] : []));
};

test('what was learned of a template is used when the next session of it is planned, and says that it is historical', () => {
  const session = makeRunning({ learned: LEARNED });

  const [create, read] = specsOf(session);
  expect(create.estimate).toEqual({
    optimistic: 0.25,
    likely: 0.5,
    pessimistic: 1,
    confidence: 0.6,
    source: 'historical',
  });
  expect(create.complexity).toBe('simple');
  // Learned for other hours than the template says today.
  expect(read.estimate).toMatchObject({ likely: 2, confidence: 0.5, source: 'heuristic' });
  expect(read.origin).toEqual({
    estimates: 'templates',
    key: 'crud/read',
    likely: 2,
    confidence: 0.5,
    effort: 1,
  });
  expect(session.state.tasks[0]?.expected_hours).toBeCloseTo(expectedHours(create.estimate), 3);
});

test('what a template multiplies its hours by multiplies the learned ones too', () => {
  const session = makeRunning({ template: 'security', learned: LEARNED });

  expect(specsOf(session)[0].estimate).toMatchObject({ likely: 3, confidence: 0.7, source: 'historical' });
});

test('a blueprint learns by its name, in all of its versions, and its three points keep their proportions', () => {
  const task = { technologies: [], after: [], description: '', required: true };
  const plan = [
    { ...task, key: 'a', title: 'Design it', estimate: { optimistic: 1, likely: 2, pessimistic: 8 } },
  ];
  const learned = { 'blueprint-migration/a': { base: 2, likely: 1, confidence: 0.85 } };

  const session = makeRunning({ template: undefined, blueprint: 'migration@7', plan, learned });

  expect(specsOf(session)[0]).toMatchObject({
    estimate: { optimistic: 0.5, likely: 1, pessimistic: 4, confidence: 0.85, source: 'historical' },
    origin: { estimates: 'blueprint-migration', key: 'a', likely: 2, confidence: 0.8, effort: 1 },
  });
});

test('what was learned is kept until the session is planned, is in no answer, and goes then', () => {
  const created = makeSession({ learned: LEARNED });
  const kept = created.state.learned;
  const answers = [created.value];
  const started = created.handle({ type: 'start' });
  answers.push(started.value);

  expect(kept).toEqual(LEARNED);
  expect(answers.some((answer) => 'learned' in Object(answer))).toBe(false);
  expect('learned' in admit(started).state).toBe(false);
});

test('a task that is taken apart by a template has what was learned by then', () => {
  const session = makeRunning({ template: 'none' });
  session.state = {
    ...session.state,
    tasks: session.state.tasks.map((task) => ({ ...task, state: 'pending' as const })),
  };
  const [task] = session.state.tasks;

  session.handle({ type: 'decompose', task_id: task?.id, template: 'crud', learned: LEARNED });

  expect(specsOf(session)[0].estimate).toMatchObject({ likely: 0.5, source: 'historical' });
  expect('learned' in session.state).toBe(false);
});

test('a historical estimate is one, however small or large what was learned is', () => {
  const origin = { estimates: 'templates', key: 'k', confidence: 0.5, effort: 0.5 };
  for (const likely of [0.000_1, 0.37, 1_000]) {
    for (const points of [
      { optimistic: 1e-300, likely: 1, pessimistic: 1_000 },
      { optimistic: 0.1, likely: 0.3, pessimistic: 0.3 },
    ]) {
      const learned = { 'templates/k': { base: points.likely, likely, confidence: 0.9 } };
      const before = { ...points, confidence: 0.5, source: 'manual' } as const;

      const estimate = estimateByHistory(before, { ...origin, likely: points.likely }, learned);

      expect(estimate.optimistic).toBeGreaterThan(0);
      expect(estimate.optimistic).toBeLessThanOrEqual(estimate.likely);
      expect(estimate.likely).toBeLessThanOrEqual(estimate.pessimistic);
      expect(estimate.likely).toBe(likely * 0.5);
    }
  }
});

test('code that knows of no learning reads a session without what was learned', () => {
  const { state } = makeSession({ learned: LEARNED });

  expect('learned' in Object(sessionKind.writeState(state, 3))).toBe(false);
  expect(sessionKind.readState(sessionKind.writeState(state, 3), 3)).toMatchObject({ id: 's-1' });
});
