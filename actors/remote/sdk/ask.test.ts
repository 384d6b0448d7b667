import { expect, test } from 'vitest';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { askUntilAnswered, parseAnswer } from './ask.ts';
import { newHead } from './head.ts';
import { SILENT } from './logger.ts';
import { TIMING } from './timing.ts';
import { type Wire, WireFault } from './wire.ts';

const timing = { ...TIMING, backoffMinMs: 1, backoffMaxMs: 1 };
const message = { ...newHead(), kind: 'drain', instance: 'i-1' } as const;
const OK: OutAnswer = { ok: true, value: 7 };

/** A wire whose answers are scripted; the last one is repeated. */
function scriptedWire(script: readonly (unknown | Error)[]) {
  const bodies: string[] = [];
  const wire: Wire = {
    ask: async (_subject, body) => {
      bodies.push(new TextDecoder().decode(body));
      const answer = script[Math.min(bodies.length, script.length) - 1];
      if (answer instanceof Error) throw answer;
      return new TextEncoder().encode(typeof answer === 'string' ? answer : JSON.stringify(answer));
    },
    tell: () => undefined,
    listen: () => ({ isClosed: () => false, close: () => undefined }),
    onReconnect: () => undefined,
    isUp: () => true,
    flush: async () => undefined,
    close: async () => undefined,
  };
  const asking = { wire, subject: 'out', timing, random: () => 0, logger: SILENT };
  return { asking, bodies };
}

test('a message is repeated, the same bytes, until it is answered', async () => {
  const busy = { ok: false, error: { code: 'MAILBOX_FULL', message: 'later', retryable: true } };
  const faults = [new WireFault('no_responders', ''), new WireFault('timeout', ''), 'not JSON', { ok: 'no' }];
  const { asking, bodies } = scriptedWire([...faults, busy, OK]);

  const answer = await askUntilAnswered(asking, message, new AbortController().signal);

  expect(answer).toEqual(OK);
  expect(bodies).toHaveLength(6);
  expect(new Set(bodies).size).toBe(1);
});

test('a refusal that a repeat would not change ends it', async () => {
  const stale = { ok: false, error: { code: 'STALE_EPOCH', message: 'attempt 2 runs', retryable: false } };
  const { asking, bodies } = scriptedWire([stale]);

  expect(await askUntilAnswered(asking, message, new AbortController().signal)).toEqual(stale);
  expect(bodies).toHaveLength(1);
});

test('what the server forbids, or is too large for it, is a refusal', async () => {
  const signal = new AbortController().signal;
  const forbidden = scriptedWire([new WireFault('forbidden', 'permissions violation')]);
  const tooLarge = scriptedWire([new WireFault('too_large', 'max_payload')]);

  expect(await askUntilAnswered(forbidden.asking, message, signal)).toMatchObject({
    error: { code: 'FORBIDDEN', retryable: false },
  });
  expect(await askUntilAnswered(tooLarge.asking, message, signal)).toMatchObject({
    error: { code: 'PAYLOAD_TOO_LARGE', retryable: false },
  });
});

test('it ends unanswered when its signal aborts, and asks nothing after that', async () => {
  const ending = new AbortController();
  const { asking, bodies } = scriptedWire([new WireFault('timeout', '')]);
  const asked = askUntilAnswered(asking, message, ending.signal);

  ending.abort();

  expect(await asked).toBeNull();
  const before = bodies.length;
  expect(await askUntilAnswered(asking, message, ending.signal)).toBeNull();
  expect(bodies).toHaveLength(before);
});

test('an answer that cannot be read is asked for again', () => {
  expect(parseAnswer(new Uint8Array([0xff]))).toMatchObject({ ok: false, error: { retryable: true } });
});
