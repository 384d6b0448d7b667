import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentCard } from '#protocols/agent.ts';
import type { AgentOut, OutAnswer, Registered } from '#protocols/eap/message.ts';
import { SILENT } from './logger.ts';
import { Registration, RegistrationRefused } from './registration.ts';
import { TIMING } from './timing.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

type Register = Extract<AgentOut, { kind: 'register' }>;
const card = AgentCard.parse({
  name: 'AGENT-X',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'] },
  version: '1',
});
const registered: Registered = { agentId: 'agent-x', heartbeatSeconds: 30, adopt: [], drop: [] };
const OK: OutAnswer = { ok: true, value: registered };

function begin(answer: (message: Register) => OutAnswer | Promise<OutAnswer | null>) {
  const asked: Register[] = [];
  const onRegistered = vi.fn();
  let running = [{ taskId: 't1', attempt: 1 }];
  const registration = new Registration({
    card,
    instance: 'i-1',
    ask: async (message, signal) => {
      if (message.kind !== 'register') throw new Error('not a registration');
      asked.push(message);
      const aborted = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
      return Promise.race([answer(message), aborted]);
    },
    running: () => running,
    onRegistered,
    timing: TIMING,
    logger: SILENT,
  });
  const setRunning = (now: typeof running) => {
    running = now;
  };
  return { registration, asked, onRegistered, setRunning };
}

async function nextTurns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const silence = () => new Promise<null>(() => undefined);
const open = new AbortController().signal;

test('joining tells the card, the instance and the attempts at work', async () => {
  const { registration, asked, onRegistered } = begin(() => OK);

  await registration.join(open);

  expect(asked).toMatchObject([{ card, instance: 'i-1', resume: [{ taskId: 't1', attempt: 1 }] }]);
  expect(onRegistered).toHaveBeenCalledWith(registered);
});

test('a refusal ends joining, and so does its deadline', async () => {
  const refused = begin(() => ({
    ok: false,
    error: { code: 'FORBIDDEN', message: 'who?', retryable: false },
  }));
  const unheard = begin(silence);
  const ending = new AbortController();

  await expect(refused.registration.join(open)).rejects.toThrow(RegistrationRefused);
  const joining = unheard.registration.join(ending.signal);
  ending.abort();
  await expect(joining).rejects.toThrow('did not answer in time');
});

test('an answer that is no registration is a refusal', async () => {
  const { registration } = begin(() => ({ ok: true, value: { agentId: 'agent-x' } }));

  await expect(registration.join(open)).rejects.toThrow('unreadable answer');
});

test('after a while without answer it takes a new id and tells anew what runs', async () => {
  const { registration, asked, setRunning } = begin((message) =>
    message.resume.length === 0 ? OK : silence(),
  );
  const joining = registration.join(open);
  await nextTurns();

  setRunning([]);
  vi.advanceTimersByTime(TIMING.registerRoundMs);
  await joining;

  expect(asked).toHaveLength(2);
  expect(asked[0]?.id).not.toBe(asked[1]?.id);
});

test('a second reconnect ends the round of the first', async () => {
  const { registration, asked, onRegistered } = begin(() => (asked.length === 1 ? silence() : OK));

  registration.renew('reconnect');
  registration.renew('reconnect');
  await nextTurns();

  expect(asked).toHaveLength(2);
  expect(onRegistered).toHaveBeenCalledTimes(1);
});

test('an agent that is registered says so again after a while, with what it works on then', async () => {
  const { registration, asked, setRunning } = begin(() => OK);
  await registration.join(open);
  setRunning([]);

  vi.advanceTimersByTime(TIMING.refreshMs * 1.1);
  await nextTurns();
  registration.stop();
  vi.advanceTimersByTime(TIMING.refreshMs * 2);
  await nextTurns();

  expect(asked.map((message) => message.resume.length)).toEqual([1, 0]);
  expect(vi.getTimerCount()).toBe(0);
});

test('an agent that is refused after it had joined tries again later', async () => {
  const { registration, asked } = begin(() => ({
    ok: false,
    error: { code: 'FORBIDDEN', message: 'revoked', retryable: false },
  }));

  registration.renew('reconnect');
  await nextTurns();
  expect(asked).toHaveLength(1);
  // The pause is node:timers/promises', which the virtual clock does not move: stopping ends it.
  registration.stop();
  registration.renew('reconnect');
  await nextTurns();

  expect(asked).toHaveLength(1);
});
