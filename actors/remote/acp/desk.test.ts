import { expect, test } from 'vitest';
import type { PermissionAnswer, PermissionQuestion } from '#actors/remote/sdk/requests.ts';
import { RequestRefused } from '#actors/remote/sdk/requests.ts';
import { Calls } from './calls.ts';
import { Desk } from './desk.ts';
import type { PermissionAsked, ToolChange } from './link.ts';
import { NO, YES } from './testing/running.ts';

const options: PermissionAsked['options'] = [
  { optionId: 'yes', kind: 'allow_once' },
  { optionId: 'no', kind: 'reject_once' },
];
const edit: ToolChange = { callId: 'c1', kind: 'edit', paths: ['/w/a'] };

function open(answer: (question: PermissionQuestion) => PermissionAnswer | Promise<PermissionAnswer>) {
  const asked: PermissionQuestion[] = [];
  const calls = new Calls();
  const askPermission = async (question: PermissionQuestion) => {
    asked.push(question);
    return answer(question);
  };
  return { asked, calls, desk: new Desk({ people: { askPermission }, directory: '/w', calls }) };
}

/** An answer that never comes by itself: what is taken back is answered as the SDK does. */
const untilTakenBack = ({ signal }: PermissionQuestion) =>
  new Promise<PermissionAnswer>((resolve) =>
    signal?.addEventListener('abort', () => resolve({ ...NO, outcome: 'cancelled', optionId: null })),
  );

test('what waits is answered as cancelled when it is taken back, and the desk goes on until it is closed', async () => {
  let answer: typeof untilTakenBack | (() => PermissionAnswer) = untilTakenBack;
  const { desk } = open((question) => answer(question));
  const waiting = desk.permit({ call: edit, options });
  await Promise.resolve();
  expect(desk.waiting).toBe(1);

  desk.takeBack();
  const takenBack = await waiting;
  answer = () => YES;
  const next = await desk.permit({ call: edit, options });
  desk.close();

  expect([takenBack, desk.waiting, next]).toEqual([null, 0, 'yes']);
  expect(await desk.permit({ call: edit, options })).toBeNull();
  await expect(desk.mayWrite('/w/b')).rejects.toThrow('not permitted');
});

test('one permission is for one time, and each request has a name of its own', async () => {
  const { asked, desk } = open(() => YES);

  await desk.permit({ call: edit, options });
  await desk.mayWrite('/w/a');
  await desk.mayWrite('/w/a');
  await desk.permit({ call: { callId: 'c2', kind: 'execute', input: { command: 'make' } }, options });
  await desk.mayRun({ command: 'make', args: [], environment: {}, directory: null, outputBytesMax: null });
  await desk.mayRun({ command: 'make', args: ['x'], environment: {}, directory: null, outputBytesMax: null });

  expect(asked.map(({ permission, patterns }) => `${permission} ${patterns}`)).toEqual([
    ...['edit a', 'edit a', 'bash make', 'bash make x'],
  ]);
  expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(4);
});

test('who may read a file may not write it', async () => {
  const { asked, desk } = open(({ permission }) => (permission === 'read' ? YES : NO));

  await desk.permit({ call: { ...edit, kind: 'read' }, options });

  await expect(desk.mayWrite('/w/a')).rejects.toThrow('not permitted');
  expect(asked).toHaveLength(2);
});

test('what is known of a call already counts for what is asked of it', async () => {
  const { asked, calls, desk } = open(() => NO);
  calls.take({ callId: 'c9', kind: 'execute', input: { command: 'git push' } });

  const option = await desk.permit({ call: { callId: 'c9' }, options });

  expect(option).toBe('no');
  expect(asked[0]).toMatchObject({ permission: 'bash', patterns: ['git push'] });
});

test('too much at once, or what cannot be asked, is a no', async () => {
  const { asked, desk } = open(() => {
    throw new RequestRefused('VALIDATION_FAILED', 'too long');
  });
  const paths = Array.from({ length: 21 }, (_, at) => `/w/${at}`);

  expect(await desk.permit({ call: { ...edit, paths }, options })).toBe('no');
  expect(asked).toHaveLength(0);
  expect(await desk.permit({ call: edit, options })).toBe('no');
});
