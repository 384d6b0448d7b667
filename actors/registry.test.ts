import { expect, test } from 'vitest';
import { ACTOR_KINDS } from './registry.ts';

test('every kind of actor has a type of its own', () => {
  expect(ACTOR_KINDS.map(({ type }) => type)).toEqual(['session', 'task', 'agent', 'registry']);
});

test('what a person or a lost process means overtakes what waits, and nothing else does', () => {
  const types = [
    'create',
    'start',
    'stop',
    'cancel',
    'delete',
    'task_changed',
    'make_ready',
    'routed',
    'result',
    'register',
    'deregister',
    'drain',
    'dismiss',
    'maintenance',
    'silent',
    'delivered',
    'assign',
    'cancel_task',
    'agent_changed',
    'route',
    'release',
  ];

  const control = ACTOR_KINDS.map(
    (kind) => `${kind.type}: ${types.filter((type) => kind.isControl(type)).join(' ')}`,
  );

  expect(control).toEqual([
    'session: stop cancel',
    'task: cancel',
    'agent: register deregister drain dismiss maintenance silent',
    'registry: agent_changed',
  ]);
});

test('a state that is newer than this code, or no state of the kind, is refused', () => {
  for (const kind of ACTOR_KINDS) {
    expect(() => kind.readState({}, kind.stateVersion + 1), kind.type).toThrow();
    expect(() => kind.readState({ id: 1 }, kind.stateVersion), kind.type).toThrow();
  }
});
