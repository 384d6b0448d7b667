import { expect, test } from 'vitest';
import type { AgentIn } from '#protocols/eap/message.ts';
import { newHead } from './head.ts';
import { type Desk, Incoming } from './incoming.ts';

const FREE: Desk = { isDraining: false, capacity: 2, running: new Map(), isSteerable: () => true };
const ACCEPTED = { accepted: true };

function encode(message: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(message));
}

function assign(taskId: string, attempt = 1): AgentIn {
  const payload = {
    sessionId: 's1',
    sessionTitle: 'Session',
    title: 'Task',
    description: '',
    taskType: 'execution',
    prompt: 'Do it',
    timeoutSeconds: 60,
  };
  return { ...newHead(), kind: 'assign', taskId, attempt, payload };
}

function cancel(taskId: string, attempt = 1): AgentIn {
  return { ...newHead(), kind: 'cancel', taskId, attempt, reason: 'changed my mind', graceSeconds: 1 };
}

function running(...pairs: [string, number][]): Desk {
  return { ...FREE, running: new Map(pairs) };
}

test('an assignment is accepted and started', () => {
  const { answer, action } = new Incoming().take(encode(assign('t1')), FREE);

  expect(answer).toEqual(ACCEPTED);
  expect(action).toMatchObject({ type: 'start', assign: { taskId: 't1', attempt: 1 } });
});

test('a repeat of a known id is answered alike and starts nothing', () => {
  const incoming = new Incoming();
  const once = encode(assign('t1'));
  incoming.take(once, FREE);

  expect(incoming.take(once, running(['t1', 1]))).toEqual({ answer: ACCEPTED, action: { type: 'none' } });
  expect(incoming.take(once, FREE)).toEqual({ answer: ACCEPTED, action: { type: 'none' } });
});

test('the same attempt under another id starts nothing, also after its end', () => {
  const incoming = new Incoming();
  incoming.take(encode(assign('t1')), FREE);

  expect(incoming.take(encode(assign('t1')), running(['t1', 1])).action.type).toBe('none');
  expect(incoming.take(encode(assign('t1')), FREE)).toEqual({ answer: ACCEPTED, action: { type: 'none' } });
});

test('past its capacity an assignment is refused, and a repeat of it as well', () => {
  const incoming = new Incoming();
  const full = running(['a', 1], ['b', 1]);
  const third = encode(assign('c'));

  expect(incoming.take(third, full).answer).toEqual({ accepted: false, reason: 'capacity' });
  expect(incoming.take(third, FREE).answer).toEqual({ accepted: false, reason: 'capacity' });
  expect(incoming.take(encode(assign('c')), FREE).action.type).toBe('start');
});

test('who drains refuses what is new and knows what it has', () => {
  const incoming = new Incoming();
  incoming.take(encode(assign('t1')), FREE);
  const draining = { ...running(['t1', 1]), isDraining: true };

  expect(incoming.take(encode(assign('t2')), draining).answer).toEqual({
    accepted: false,
    reason: 'draining',
  });
  expect(incoming.take(encode(assign('t1')), draining).answer).toEqual(ACCEPTED);
});

test('a newer attempt is started beside no other: it takes the place of the older one', () => {
  const incoming = new Incoming();
  const one = { ...FREE, capacity: 1 };
  incoming.take(encode(assign('t1', 1)), one);

  const newer = incoming.take(encode(assign('t1', 2)), { ...one, running: new Map([['t1', 1]]) });

  expect(newer.action).toMatchObject({ type: 'start', assign: { attempt: 2 } });
});

test('an older attempt than one that was seen is refused', () => {
  const incoming = new Incoming();
  incoming.take(encode(assign('t1', 3)), FREE);

  expect(incoming.take(encode(assign('t1', 2)), FREE).answer).toEqual({ accepted: false, reason: 'unknown' });
});

test('a cancel reaches the attempt that it names', () => {
  const incoming = new Incoming();
  incoming.take(encode(assign('t1', 2)), FREE);

  expect(incoming.take(encode(cancel('t1', 1)), running(['t1', 2])).action.type).toBe('none');
  expect(incoming.take(encode(cancel('t1', 2)), running(['t1', 2])).action.type).toBe('cancel');
});

test('a cancel of what is not known is accepted', () => {
  expect(new Incoming().take(encode(cancel('nobody')), FREE)).toEqual({
    answer: ACCEPTED,
    action: { type: 'none' },
  });
});

test('an assignment that its cancel overtook is not started', () => {
  const incoming = new Incoming();
  incoming.take(encode(cancel('t1', 1)), FREE);

  expect(incoming.take(encode(assign('t1', 1)), FREE).answer).toEqual({ accepted: false, reason: 'unknown' });
  expect(incoming.take(encode(assign('t1', 2)), FREE).action.type).toBe('start');
});

test('a lost lease is acted on once', () => {
  const incoming = new Incoming();
  const lost = encode({ ...newHead(), kind: 'lease_lost', reason: 'silent' });

  expect(incoming.take(lost, FREE).action).toEqual({ type: 'lease_lost', reason: 'silent' });
  expect(incoming.take(lost, FREE).action.type).toBe('none');
});

test('what cannot be read is invalid, and an unknown kind is unknown', () => {
  const incoming = new Incoming();
  const { payload: _, ...withoutPayload } = assign('t1') as Extract<AgentIn, { kind: 'assign' }>;
  const hostile = [
    new Uint8Array(),
    new Uint8Array([0xff, 0xfe, 0x00]),
    encode(null),
    encode(42),
    encode([]),
    encode({}),
    encode({ kind: 7 }),
    encode(withoutPayload),
    encode({ ...assign('t1'), eap: '1.0' }),
    encode({ ...assign('t1'), attempt: 0 }),
    encode({ ...assign('t1'), taskId: '../../etc' }),
  ];

  for (const bytes of hostile) {
    expect(incoming.take(bytes, FREE)).toEqual({
      answer: { accepted: false, reason: 'invalid' },
      action: { type: 'none' },
    });
  }
  expect(incoming.take(encode({ ...newHead(), kind: 'sing' }), FREE).answer).toEqual({
    accepted: false,
    reason: 'unknown',
  });
});

test('its memory is bounded', () => {
  const incoming = new Incoming();
  const first = encode(assign('first'));
  incoming.take(first, FREE);

  for (let n = 0; n < 2_000; n++) incoming.take(encode(assign(`t${n}`)), FREE);

  expect(incoming.take(first, FREE).action.type).toBe('start');
});

test('an answer is handed to the attempt at work, and left aside for one that is over', () => {
  const told = { ...newHead(), kind: 'permission.decision', taskId: 't1', attempt: 1, requestId: 'r' };
  const decided = { ...told, outcome: 'expired', optionId: null, optionKind: null, by: 'timer', note: null };
  const incoming = new Incoming();

  expect(incoming.take(encode(decided), running(['t1', 1]))).toMatchObject({
    answer: ACCEPTED,
    action: { type: 'tell', told: { requestId: 'r' } },
  });
  expect(incoming.take(encode(decided), running(['t1', 1])).action.type).toBe('none');
  expect(incoming.take(encode({ ...decided, ...newHead() }), running(['t1', 2]))).toEqual({
    answer: ACCEPTED,
    action: { type: 'none' },
  });
});

test('a word is taken only where the work listens', () => {
  const steer = { kind: 'steer', taskId: 't1', attempt: 1, message: 'x', delivery: 'steer', by: 'user:a' };
  const word = () => encode({ ...newHead(), ...steer });
  const at = running(['t1', 1]);

  expect(new Incoming().take(word(), at).action.type).toBe('tell');
  expect(new Incoming().take(word(), FREE).answer).toEqual({ accepted: false, reason: 'unknown' });
  expect(new Incoming().take(word(), { ...at, isSteerable: () => false }).answer).toEqual({
    accepted: false,
    reason: 'unknown',
  });
});
