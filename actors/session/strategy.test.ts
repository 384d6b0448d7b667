import { expect, test } from 'vitest';
import { learnedKey } from '#protocols/estimates.ts';
import type { Session } from '#protocols/session.ts';
import { findCycle, placesOf } from '#protocols/session-graph.ts';
import { TaskSpec } from '#protocols/task.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import { decompose, type Plan } from './decompose.ts';
import type { PlannedTask } from './making.ts';
import { shape } from './strategy.ts';
import { type Subtask, TEMPLATES } from './templates.ts';

function planOf(draft: Partial<Session>): Plan {
  let count = 0;
  const session = sampleSession({ title: 'Do the thing', initial_prompt: 'Do it.', ...draft });
  const plan = decompose(session, () => `t-${++count}`);
  if ('failure' in plan) throw new Error(plan.failure.detail);
  return plan;
}

/** Each task as `title < titles of what it waits for`. */
function drawn({ tasks }: Plan): string[] {
  const titleOf = new Map(tasks.map(({ id, spec }) => [id, spec.title]));
  return tasks.map(({ spec }) => {
    const before = spec.dependencies.map(({ task_id }) => titleOf.get(task_id)).join(' + ');
    return before === '' ? spec.title : `${spec.title} < ${before}`;
  });
}

function isConnected(tasks: readonly PlannedTask[]): boolean {
  const reached = new Set(tasks.slice(0, 1).map(({ id }) => id));
  for (const _ of tasks) {
    for (const { id, spec } of tasks)
      for (const { task_id } of spec.dependencies)
        if (reached.has(id) || reached.has(task_id)) reached.add(id).add(task_id);
  }
  return reached.size === tasks.length;
}

test('several templates that are named become one plan, that ends in a task that puts them together', () => {
  const plan = planOf({ templates: ['refactoring', 'Security', 'security'] });

  expect(plan.template).toBe('security+refactoring');
  expect(drawn(plan)).toEqual([
    'Design the security model',
    'Implement the security measures < Design the security model',
    'Test the security measures < Implement the security measures',
    'Audit the result < Test the security measures',
    'Analyze the code',
    'Design the refactoring < Analyze the code',
    'Refactor the code < Design the refactoring',
    'Test the refactored code < Refactor the code',
    'Test the parts together < Audit the result + Test the refactored code',
  ]);
  expect(() => planOf({ templates: ['crud', 'waterfall'] })).toThrow('waterfall');
});

test('all templates that fit are taken only where that is asked for', () => {
  const title = 'An api with a database and authentication';

  expect(planOf({ title }).template).toBe('security');
  expect(planOf({ title, template_match: 'all' }).template).toBe('security+crud+web_service');
  expect(planOf({ title: 'A crud', template_match: 'all' }).template).toBe('crud');
  expect(planOf({ template_match: 'all' })).toMatchObject({ template: null, tasks: [{}] });
});

test('temporal is in phases, each after the whole one before', () => {
  expect(drawn(planOf({ template: 'ui', strategy: 'temporal' }))).toEqual([
    'Implement the layout',
    ...['navigation', 'forms', 'tables', 'charts'].map(
      (part) => `Implement the ${part} < Implement the layout`,
    ),
  ]);
  const kinds = planOf({ template: 'microservice', strategy: 'temporal' }).tasks.flatMap(({ spec }) =>
    spec.dependencies.map(({ kind }) => kind),
  );
  expect(new Set(kinds)).toEqual(new Set(['finish_to_start']));
});

test('capability is one task for each capability, with the hours of all that it is for', () => {
  const plan = planOf({ templates: ['crud', 'web_service'], strategy: 'capability' });

  const needs = plan.tasks.map(({ spec }) => spec.required_capabilities.join());
  expect(needs).toEqual([
    'requirements_analysis',
    'system_design',
    'code_generation',
    'test_generation',
    'deployment',
    'test_generation',
  ]);
  expect(plan.tasks[2]?.spec).toMatchObject({ estimate: { likely: 15 }, dependencies: [{}] });
  expect(plan.tasks[2]?.spec.title).toContain('Implement create; ');
});

test('steps of one capability that another one lies between stay two, so that none waits for itself', () => {
  const step = (key: string, capability: string, after: readonly string[] = []): Subtask => {
    return { key, title: `Implement ${key}`, purpose: key, type: 't', capability, likelyHours: 1, after };
  };
  const steps = [step('a', 'x'), step('b', 'y', ['a']), step('c', 'x', ['b']), step('d', 'y')];

  const shaped = shape(steps, 'capability').map(({ key, after = [] }) => [key, ...after].join(' < '));

  expect(shaped).toEqual(['a', 'b < a', 'c < b']);
});

test('whatever is put together by whatever strategy is connected and without circles, and each task is a valid one', () => {
  const names = TEMPLATES.map(({ name }) => name);
  for (let chosen = 1; chosen < 2 ** names.length; chosen++) {
    const templates = names.filter((_, at) => chosen & (1 << at));
    for (const strategy of ['functional', 'temporal', 'capability', undefined] as const) {
      const metadata = { services: chosen % 20 };
      const initial_prompt = 'x'.repeat(10_000);
      const how = strategy === undefined ? {} : { strategy };
      const { tasks } = planOf({ templates, metadata, initial_prompt, ...how });
      const placeOf = placesOf(tasks);
      const about = `${strategy}: ${templates}`;

      const before = tasks.map(({ spec }) =>
        spec.dependencies.map(({ task_id }) => placeOf.get(task_id) ?? -1),
      );
      expect(before.flat(), about).not.toContain(-1);
      expect(findCycle(before), about).toBeNull();
      expect(isConnected(tasks), about).toBe(true);
      for (const { spec } of tasks) expect(TaskSpec.safeParse(spec).success, about).toBe(true);
    }
  }
});

test('a task that several templates are laid out with is learned for the template that has it, by its own effort', () => {
  const plan = planOf({ templates: ['crud', 'security'], metadata: { security_level: 'critical' } });
  const origin = plan.tasks[0]?.spec.origin;
  const learned = origin ? { [learnedKey(origin)]: { base: 4, likely: 1, confidence: 0.9 } } : {};
  const [design] = planOf({ templates: ['crud', 'security'], learned }).tasks;

  expect(plan.tasks[0]?.spec).toMatchObject({
    estimate: { likely: 8 },
    origin: { key: 'security/design', likely: 4, effort: 2 },
  });
  expect(plan.tasks[4]?.spec).toMatchObject({ estimate: { likely: 2 }, origin: { key: 'crud/create' } });
  expect(design?.spec.estimate).toMatchObject({ likely: 1.5, source: 'historical' });
});

test('a session that no template fits is laid out in phases, or by the capabilities that its text asks for', () => {
  const text = { title: 'Fix the totals', initial_prompt: 'Then test them, document them and deploy.' };

  expect(drawn(planOf({ ...text, strategy: 'temporal' }))).toEqual([
    'Analyze what is asked for',
    'Design the solution < Analyze what is asked for',
    'Implement the solution < Design the solution',
    'Test the result < Implement the solution',
  ]);
  expect(
    planOf({ ...text, strategy: 'capability' }).tasks.map(({ spec }) => spec.required_capabilities[0]),
  ).toEqual(['test_generation', 'documentation', 'debugging', 'deployment']);
  expect(planOf({ ...text, strategy: 'functional' })).toMatchObject({ template: null, tasks: [{}] });
  expect(planOf({ strategy: 'capability' })).toMatchObject({ template: null, tasks: [{}] });
});
