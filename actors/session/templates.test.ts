import { expect, test } from 'vitest';
import { LIMITS } from '#protocols/limits.ts';
import { SessionDraft } from '#protocols/session.ts';
import { findCycle, placesOf } from '#protocols/session-graph.ts';
import { TaskSpec } from '#protocols/task.ts';
import { sampleSession } from '#protocols/testing/samples.ts';
import { planSession } from './planning.ts';
import { type Subtask, TEMPLATES } from './templates.ts';
import { wordsOf } from './words.ts';

const DRAFT = SessionDraft.parse({ title: 'Build it', initial_prompt: 'Build it.' });
const VERBS = new Set(['implement', 'test', 'design', 'audit', 'analyze', 'deploy', 'refactor']);

function subtasksOf(name: string, metadata: Record<string, unknown> = {}): readonly Subtask[] {
  return TEMPLATES.find((template) => template.name === name)?.subtasks({ ...DRAFT, metadata }) ?? [];
}

test('there are six templates, and security goes before all others', () => {
  const byPriority = TEMPLATES.toSorted((one, other) => other.priority - one.priority).map(
    ({ name }) => name,
  );

  expect(byPriority).toEqual(['security', 'microservice', 'crud', 'ui', 'web_service', 'refactoring']);
});

test('every template gives a connected graph without cycles, of tasks that begin with a verb', () => {
  for (const template of TEMPLATES) {
    const subtasks = template.subtasks(DRAFT);
    const keys = subtasks.map(({ key }) => key);
    const edges = subtasks.flatMap(({ key, after }) => (after ?? []).map((before) => [before, key] as const));

    expect(new Set(keys).size, template.name).toBe(keys.length);
    for (const [before, key] of edges) {
      expect(keys.indexOf(before), `${template.name}: ${before} comes before ${key}`).toBeGreaterThanOrEqual(
        0,
      );
      expect(keys.indexOf(before)).toBeLessThan(keys.indexOf(key));
    }
    const reached = new Set(keys.slice(0, 1));
    for (let round = 0; round < keys.length; round++) {
      for (const [before, key] of edges)
        if (reached.has(before) || reached.has(key)) reached.add(before).add(key);
    }
    expect(reached.size, `${template.name} is connected`).toBe(keys.length);
    for (const { title } of subtasks) expect(VERBS, title).toContain(wordsOf(title)[0]);
  }
});

test('crud is four tasks at once and then the tests of all four', () => {
  const subtasks = subtasksOf('crud');

  expect(subtasks.map(({ title }) => title)).toEqual([
    'Implement create',
    'Implement read',
    'Implement update',
    'Implement delete',
    'Test the create, read, update and delete operations',
  ]);
  expect(subtasks.map(({ after }) => after?.length ?? 0)).toEqual([0, 0, 0, 0, 4]);
  expect(subtasks[4]?.kind).toBeUndefined();
});

test('the services of a microservice session start with its shared components, three of them or as many as asked', () => {
  const services = (metadata: Record<string, unknown>) => {
    return subtasksOf('microservice', metadata).filter(({ type }) => type === 'microservice');
  };

  expect(services({})).toHaveLength(3);
  expect(services({ services: 5 })).toHaveLength(5);
  expect(services({ services: 1_000 })).toHaveLength(20);
  expect(services({ services: 'many' })).toHaveLength(3);
  for (const { after, kind } of services({})) {
    expect(after).toEqual(['shared-auth', 'shared-database', 'shared-gateway']);
    expect(kind).toBe('start_to_start');
  }
});

test('forms, tables and charts of a ui start with its layout', () => {
  const withLayout = subtasksOf('ui').filter(({ kind }) => kind === 'start_to_start');

  expect(withLayout.map(({ key }) => key)).toEqual(['forms', 'tables', 'charts']);
});

test('security, web services and refactorings go step by step', () => {
  const keys = (name: string) => subtasksOf(name).map(({ key }) => key);

  expect(keys('security')).toEqual(['design', 'implementation', 'testing', 'audit']);
  expect(keys('web_service')).toEqual(['requirements', 'design', 'implementation', 'testing', 'deployment']);
  expect(keys('refactoring')).toEqual(['analysis', 'plan', 'execution', 'verification']);
  for (const name of ['security', 'web_service', 'refactoring']) {
    for (const [index, { after }] of subtasksOf(name).entries()) {
      expect(after ?? []).toEqual(index === 0 ? [] : [keys(name)[index - 1]]);
    }
  }
});

test('the level of security multiplies the effort, and is high where nothing is said', () => {
  const effort = (level: unknown) => {
    const metadata = level === undefined ? {} : { security_level: level };
    return TEMPLATES.find(({ name }) => name === 'security')?.effort?.({ ...DRAFT, metadata });
  };

  expect(['low', 'medium', 'high', 'critical', undefined, 'odd'].map(effort)).toEqual([
    0.5, 1, 1.5, 2, 1.5, 1.5,
  ]);
});

test('by whatever is asked for, every template plans a connected graph without circles, within depth, hours and limits', () => {
  const words = ['low', 'medium', 'high', 'critical', 'odd', undefined];
  for (const { name } of TEMPLATES) {
    for (let seed = 0; seed < 60; seed++) {
      const metadata = { services: (seed * 7) % 25, security_level: words[seed % words.length] };
      const max_depth = 1 + (seed % 5);
      const session = sampleSession({ template: name, metadata, max_depth, max_duration_seconds: 60 + seed });
      let ids = 0;
      const own = planSession(session, () => `t-${ids++}`);
      const whole = {
        key: 'whole',
        title: 'Build it all',
        technologies: [],
        required: true,
        description: '',
        after: [],
      };
      const nested = planSession(
        { ...session, blueprint: 'x@1', plan: [{ ...whole, template: name }] },
        () => `n-${ids++}`,
      );
      for (const plan of [own, nested]) {
        if ('failure' in plan) throw new Error(plan.failure.detail);
        const places = placesOf(plan.tasks);
        const before = plan.tasks.map(({ spec }) =>
          spec.dependencies.flatMap(({ task_id }) => places.get(task_id) ?? []),
        );
        const reached = new Set([0]);
        for (let round = 0; round < before.length; round++) {
          for (const [at, list] of before.entries()) {
            for (const other of list) if (reached.has(at) || reached.has(other)) reached.add(at).add(other);
          }
        }

        expect(findCycle(before), name).toBeNull();
        expect(reached.size, `${name} ${seed} is connected`).toBe(plan.tasks.length);
        expect(plan.tasks.length).toBeLessThanOrEqual(LIMITS.tasksPerSessionMax);
        for (const { spec } of plan.tasks) {
          const { optimistic, likely, pessimistic, confidence } = TaskSpec.parse(spec).estimate;
          expect(
            0 < optimistic && optimistic <= likely && likely <= pessimistic && pessimistic <= 48,
            name,
          ).toBe(true);
          expect(confidence).toBeLessThanOrEqual(0.95);
          expect(spec.timeout_seconds).toBeLessThanOrEqual(session.max_duration_seconds);
        }
      }
      const parents =
        'failure' in nested ? [] : nested.tasks.filter(({ spec }) => spec.parent_id !== undefined);
      expect(parents.length > 0, `${name} at depth ${max_depth}`).toBe(max_depth > 1);
    }
  }
});
