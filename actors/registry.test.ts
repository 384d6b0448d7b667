import { expect, test } from 'vitest';
import { ACTOR_KINDS } from './registry.ts';

test('every kind of actor has a type of its own', () => {
  expect(ACTOR_KINDS.map(({ type }) => type)).toEqual([
    'session',
    'task',
    'agent',
    'registry',
    'blueprint',
    'blueprint-version',
    'checkpoint',
    'lock',
    'context',
    'context-history',
    'context-owner',
    'bulk',
    'audit',
    'scheduler',
    'system-scheduler',
    'estimates',
    'approval',
    'approval-policy',
    'tenant',
    'model',
    'dataset',
    'training',
  ]);
});

test('what a person or a lost process means overtakes what waits, and nothing else does', () => {
  const types = [
    'create',
    'start',
    'stop',
    'cancel',
    'delete',
    'pause',
    'resume',
    'complete',
    'fail',
    'retry',
    'prompt',
    'checkpoint',
    'restore',
    'adopt',
    'hold',
    'unhold',
    'restart',
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
    'acquire',
    'renew',
    'break',
    'run_out',
    'want',
    'admitted',
    'slot_lost',
    'set_quota',
    'share',
    'issue',
    'rotate',
    'revoke',
    'login',
    'logout',
  ];

  const control = ACTOR_KINDS.map(
    (kind) => `${kind.type}: ${types.filter((type) => kind.isControl(type)).join(' ')}`,
  );

  expect(control).toEqual([
    'session: stop cancel pause resume complete fail',
    'task: cancel',
    'agent: register deregister drain dismiss maintenance silent',
    'registry: agent_changed',
    'blueprint: ',
    'blueprint-version: ',
    'checkpoint: ',
    'lock: release renew break run_out',
    'context: ',
    'context-history: ',
    'context-owner: ',
    'bulk: cancel',
    'audit: ',
    'scheduler: ',
    'system-scheduler: ',
    'estimates: ',
    'approval: ',
    'approval-policy: ',
    'tenant: revoke logout',
    'model: ',
    'dataset: cancel',
    'training: cancel',
  ]);
});

test('a state that is newer than this code, or no state of the kind, is refused', () => {
  for (const kind of ACTOR_KINDS) {
    expect(() => kind.readState({}, kind.stateVersion + 1), kind.type).toThrow();
    expect(() => kind.readState({ id: 1 }, kind.stateVersion), kind.type).toThrow();
  }
});
