import { expect, test } from 'vitest';
import { ACT_KEYS, ACTS, actsOf, typedOf, WEIGHT } from './session-acts.ts';

test('a retry is offered only while there is one left', () => {
  expect(actsOf({ state: 'failed', is_recoverable: true })).toEqual(['retry', 'delete']);
  expect(actsOf({ state: 'failed', is_recoverable: false })).toEqual(['delete']);
});

test('what ends something says what it does and takes a reason, or the name of what is destroyed', () => {
  for (const act of ['stop', 'cancel', 'complete', 'fail'] as const) {
    expect(WEIGHT[act]).toMatchObject({ reason: 'required', isGrave: true, consequence: expect.any(String) });
  }
  expect(typedOf('01a1fe73-f8e3-76ec-a7b7-af2a8998ca30')).toBe('8998ca30');
});

test('no two acts of a state have the same letter', () => {
  for (const acts of Object.values(ACTS)) {
    expect(new Set(acts.map((act) => ACT_KEYS[act])).size).toBe(acts.length);
  }
});
