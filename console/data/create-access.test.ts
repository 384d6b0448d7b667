import { expect, test } from 'vitest';
import { actionsOf } from '#protocols/access.ts';
import { eraNow, isKeyWanted, knowMe, me, wantKey, whyNot } from './create-access.ts';

test('what a role forbids is said with the role; what is not known yet is not forbidden', () => {
  expect(whyNot('sessions.write')).toBeUndefined();

  const viewer = { auth: 'keys', by: 'user:anna', user: 'anna', standing: 'viewer' } as const;
  knowMe({ ...viewer, actions: actionsOf('viewer') });

  expect(whyNot('sessions.write')).toBe('Not with a key of role viewer');
  expect(whyNot('sessions.read')).toBeUndefined();
  wantKey();
  expect([isKeyWanted(), me(), whyNot('sessions.write')]).toEqual([true, null, undefined]);
  const before = eraNow();
  knowMe({ ...viewer, actions: [] });
  wantKey(before);
  expect(isKeyWanted()).toBe(false);
});
