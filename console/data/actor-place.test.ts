import { expect, test } from 'vitest';
import { actorOfOwner, inspectorPath, parseActorPlace } from './actor-place.ts';

test('an actor is named by type and id, or by its whole address; other text names none', () => {
  expect(parseActorPlace(' session/s-1 ')).toEqual({ type: 'session', id: 's-1' });
  expect(parseActorPlace('task/dev/t-1')).toEqual({ type: 'task', id: 't-1' });
  for (const text of ['', 'session', 'Session/s', 'session/', 'session/a b', 'a/b/c/d']) {
    expect(parseActorPlace(text), text).toBeNull();
  }
});

test('what has an address has a way to its inspector', () => {
  expect(inspectorPath('task/dev/t-1')).toBe('/cluster?actor=task%2Ft-1');
  expect(inspectorPath(null)).toBeNull();
});

test('a lock that a task holds leads to the task, one of a person leads nowhere', () => {
  expect(actorOfOwner('task/t-1/2')).toEqual({ type: 'task', id: 't-1' });
  expect(actorOfOwner('user:dev/ci-17')).toBeNull();
  expect(actorOfOwner('user:task/t-1')).toBeNull();
});
