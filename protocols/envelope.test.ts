import { expect, test } from 'vitest';
import { parseAddress } from './address.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope } from './envelope.ts';

const ENVELOPE: Envelope = {
  id: 'c.1',
  to: 'session/dev/0190-abc',
  message: { type: 'start', extra: { kept: true } },
  source: { kind: 'command', key: 'k', bodyHash: 'f'.repeat(64), by: 'user:dev' },
  root: 'c.1',
};

test('an envelope survives the wire, fields of its message that the envelope does not know included', () => {
  expect(decodeEnvelope(encodeEnvelope(ENVELOPE))).toEqual({ ok: true, envelope: ENVELOPE });
});

test('bytes that are no envelope are told apart with the reason', () => {
  const bad = ['', '{', '[]', '{"id":"x"}', JSON.stringify({ ...ENVELOPE, to: 'no-address' })];

  for (const text of bad) {
    const decoded = decodeEnvelope(new TextEncoder().encode(text));
    expect(decoded).toMatchObject({ ok: false, fault: expect.stringMatching(/./) });
  }
});

test('bytes that are no UTF-8 are no envelope', () => {
  expect(decodeEnvelope(Uint8Array.of(0xff, 0xfe, 0x7b))).toMatchObject({ ok: false });
});

test('an address has a type, a tenant and an id, and nothing else', () => {
  expect(parseAddress('task/dev/a_B-1')).toEqual({ type: 'task', tenant: 'dev', id: 'a_B-1' });
  for (const text of ['task/dev', 'task/dev/a/b', 'Task/dev/a', 'task/de.v/a', 'task/dev/']) {
    expect(() => parseAddress(text)).toThrow(/type\/tenant\/id/);
  }
});
