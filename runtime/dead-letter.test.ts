import { expect, test } from 'vitest';
import { NO_TENANT } from '#protocols/dead-letter.ts';
import { readEnvelope } from '#protocols/envelope.ts';
import { bury, relapse, replayEnvelope, summarise } from './dead-letter.ts';
import type { DeadLetter } from './store.ts';
import { command, effect } from './testing/envelopes.ts';

const LETTER = '019b76da-d659-78ea-a240-52274a40ecfb';
const PLACE = { partition: 3, generation: 0, atMs: 1_700_000_000_000 };
const failed = command('one', { type: 'add', by: 1 });

function letterWith(part: Partial<DeadLetter> = {}): DeadLetter {
  const cause = { reason: 'defect' as const, error: 'Error: on purpose', stateVersion: 1 };
  return { lane: 'data', seq: 7, address: failed.to, body: JSON.stringify(failed), ...cause, ...part };
}

test('errors that differ in ids, numbers, quotes and places only are one cause', () => {
  const of = (id: string, line: number) =>
    summarise(
      `TypeError: task ${id} of session/dev/abc has no "name${line}"\n    at handle (file.ts:${line}:3)`,
    );

  expect(of('019b76da-d659-78ea-a240-52274a40ecfb', 7)).toBe(of('019b76da-aaaa-78ea-a240-52274a40ecfb', 90));
  expect(summarise('Error: one thing')).not.toBe(summarise('Error: another thing'));
});

test('which field of a message is wrong belongs to the cause', () => {
  const fault = (path: string) => JSON.stringify([{ path, message: 'Invalid input' }]);

  expect(summarise(fault('by'))).not.toBe(summarise(fault('to')));
});

test("letters are of one group where reason, error, actor's type and message's type are the same", () => {
  const group = (part: Partial<DeadLetter>) => bury(letterWith(part), PLACE).group;
  const other = effect('two', { type: 'add', by: 9 }, { partition: 1, n: 1 });
  const unlike = effect('two', { type: 'give', by: 9 }, { partition: 1, n: 1 });

  expect(group({ seq: 8, address: other.to, body: JSON.stringify(other) })).toBe(group({}));
  expect(group({ body: JSON.stringify(unlike) })).not.toBe(group({}));
  expect(group({ reason: 'invalid_message' })).not.toBe(group({}));
  expect(group({ address: 'lamp/test/one' })).not.toBe(group({}));
});

test('an id is of its place in the log, and sorts by the time of the message', () => {
  const { id } = bury(letterWith(), PLACE);

  expect(bury(letterWith({ error: 'other words' }), PLACE).id).toBe(id);
  expect(bury(letterWith({ lane: 'control' }), PLACE).id).not.toBe(id);
  expect(bury(letterWith(), { ...PLACE, generation: 1 }).id).not.toBe(id);
  expect(bury(letterWith(), { ...PLACE, atMs: PLACE.atMs + 1 }).id > id).toBe(true);
});

test('what is no envelope is kept all the same, with what can be read of it', () => {
  const buried = (body: string) => bury(letterWith({ address: null, reason: 'malformed', body }), PLACE);

  expect(buried('no json')).toMatchObject({ tenant: NO_TENANT, actorType: null, messageType: null });
  expect(buried('{"to":"lamp/dev/one","message":{"type":"light"}}')).toMatchObject({
    ...{ tenant: 'dev', address: 'lamp/dev/one', actorType: 'lamp', messageType: 'light' },
  });
  expect(buried('{"to":"nowhere","message":{"type":3}}')).toMatchObject({ tenant: NO_TENANT });
});

test('a replay is a new message with the old one inside: caused by it, of the same root, from the same speaker', () => {
  const replay = replayEnvelope({ letter: LETTER, n: 2, body: JSON.stringify(failed) });

  expect(replay).toEqual({
    ...failed,
    id: `r.${LETTER}.2`,
    source: { kind: 'replay', letter: LETTER, n: 2, of: failed.source },
    cause: failed.id,
  });
  expect(replayEnvelope({ letter: LETTER, n: 2, body: 'no json' })).toBeNull();
  expect(replayEnvelope({ letter: LETTER, n: 3, body: JSON.stringify(replay) })).toBeNull();
});

test('a replay that fails is the failure of its letter, and no letter of its own', () => {
  const replay = replayEnvelope({ letter: LETTER, n: 2, body: JSON.stringify(failed) });

  const again = relapse(letterWith({ body: JSON.stringify(replay), error: 'Error: worse' }));

  expect(again).toMatchObject({
    ...{ letter: LETTER, n: 2, tenant: 'test' },
    result: { type: 'failed', reason: 'defect', error: 'Error: worse', summary: 'Error: worse' },
  });
  expect(relapse(letterWith())).toBeNull();
  expect(relapse(letterWith({ body: 'no json' }))).toBeNull();
  expect(readEnvelope('[]')).toBeNull();
});
