/** What dead letters must keep, in memory and in Postgres: lists, groups, acts, and what a commit makes of a replay. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NO_TENANT } from '#protocols/dead-letter.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { DeadLetters, LetterActRequest } from '../dead-letters.ts';
import type { Batch, BuriedLetter, DeadLetter, PartitionRow, Store } from '../store.ts';
import { effect } from '../testing/envelopes.ts';
import { letterOf, nextBatch } from './batches.ts';
import { Ground } from './store-contract.ts';

export interface LettersUnderTest {
  readonly store: Store;
  readonly letters: DeadLetters;
  stop(): Promise<void>;
}

const ADD = { type: 'add', by: 5 };

/** Registers the tests. `open` makes an empty store with `CONTRACT_PARTITIONS` partitions, and the letters in it. */
export function testDeadLetters(open: () => Promise<LettersUnderTest>): void {
  let store: Store;
  let letters: DeadLetters;
  let opened: LettersUnderTest;
  const ground = new Ground();

  beforeAll(async () => {
    opened = await open();
    ({ store, letters } = opened);
    ground.begin(store);
  });
  afterAll(() => opened?.stop());

  const body = (id: string, message = ADD) => JSON.stringify(effect(id, message, { partition: 1, n: 1 }));
  const address = (id: string) => `counter/test/${id}`;

  async function bury(
    parts: readonly Partial<DeadLetter>[],
  ): Promise<{ row: PartitionRow; buried: BuriedLetter[] }> {
    const row = await ground.partition();
    const buried = parts.map((part, index) => letterOf(row, { seq: index + 1, ...part }));
    await store.commit([nextBatch(row, { deadLetters: buried })]);
    return { row: { ...row, batch: row.batch + 1 }, buried };
  }

  async function buryOne(part: Partial<DeadLetter> = {}): Promise<{ row: PartitionRow; id: string }> {
    const id = randomUUID();
    const { row, buried } = await bury([{ address: address(id), body: body(id), ...part }]);
    return { row, id: buried[0]?.id ?? '' };
  }

  const ask = (id: string, act: LetterActRequest['act'], more: Partial<LetterActRequest> = {}) =>
    letters.act({
      tenant: 'test',
      id,
      act,
      reason: 'on purpose',
      by: 'user:test',
      version: null,
      keyed: null,
      ...more,
    });
  const replay = { type: 'replay' } as const;
  const ended = (row: PartitionRow, part: Partial<Batch>) => store.commit([nextBatch(row, part)]);
  const failed = {
    type: 'failed',
    reason: 'defect',
    error: 'again',
    stateVersion: 2,
    group: 'g2',
    summary: 'again',
  } as const;

  test('a letter says whom it was for and why it is there, with the message as it came', async () => {
    const text = body('whom');
    const { id } = await buryOne({ address: address('whom'), body: text, error: 'Error: no 7 here' });

    const letter = await letters.get('test', id);

    expect(letter).toMatchObject({
      ...{ id, tenant: 'test', address: address('whom'), actorType: 'counter', messageType: 'add' },
      ...{
        reason: 'defect',
        error: 'Error: no 7 here',
        summary: 'Error: no # here',
        stateVersion: 1,
        body: text,
      },
      ...{ status: 'open', version: 1, replays: 0, isEdited: false, edited: null, outcome: null, acts: [] },
    });
    expect(await letters.get('elsewhere', id)).toBeNull();
    expect(await letters.get('test', randomUUID())).toBeNull();
  });

  test('a message that is found in the log twice is one letter', async () => {
    const row = await ground.partition();
    const letter = letterOf(row, { seq: 1, address: address('once'), body: body('once') });
    await store.commit([nextBatch(row, { deadLetters: [letter] })]);
    await store.commit([nextBatch({ ...row, batch: row.batch + 1 }, { deadLetters: [letter] })]);

    const found = await letters.list({ tenant: 'test', address: address('once'), limit: 10 });

    expect(found.map(({ id }) => id)).toEqual([letter.id]);
  });

  test('a list goes from the newest to the oldest, and on where the page before ended', async () => {
    const to = address('paged');
    const { buried } = await bury([1, 2, 3, 4, 5].map(() => ({ address: to, body: body('paged') })));
    const newest = buried.map(({ id }) => id).reverse();

    const first = await letters.list({ tenant: 'test', address: to, limit: 2 });
    const beforeId = first.at(-1)?.id ?? '';
    const rest = await letters.list({ tenant: 'test', address: to, limit: 10, beforeId });

    expect([...first, ...rest].map(({ id }) => id)).toEqual(newest);
  });

  test('a list is of one tenant and of what is asked for; who names no tenant has a list of its own', async () => {
    const to = address('filtered');
    const { buried } = await bury([
      { address: to, reason: 'defect', body: body('filtered') },
      { address: to, reason: 'invalid_message', error: '[{"path":"by"}]', body: body('filtered') },
      { address: null, reason: 'malformed', error: 'not JSON', body: 'no json at all' },
    ]);
    const [one, two, three] = buried.map(({ id }) => id);
    const ids = async (query: Partial<Parameters<DeadLetters['list']>[0]>) =>
      (await letters.list({ tenant: 'test', address: to, limit: 10, ...query })).map(({ id }) => id);

    expect(await ids({})).toEqual([two, one]);
    expect(await ids({ reason: ['defect', 'misrouted'] })).toEqual([one]);
    expect(await ids({ status: ['dropped'] })).toEqual([]);
    expect(await ids({ actorType: 'lamp' })).toEqual([]);
    expect(await ids({ group: buried[1]?.group ?? '' })).toEqual([two]);
    expect(await ids({ tenant: 'elsewhere' })).toEqual([]);
    const nobodys = await letters.list({ tenant: NO_TENANT, limit: 1_000 });
    expect(nobodys.map(({ id }) => id)).toContain(three);
  });

  test('letters of one cause are one group, told by status, with the most open first', async () => {
    const error = (at: string) =>
      `Error: no ${at}-${randomUUID()} of 17\n    at handle (file.ts:${at.length}:2)`;
    const type = { type: 'grouped', by: 1 };
    const { buried } = await bury([
      { address: address('g1'), error: error('a'), body: body('g1', type) },
      { address: address('g2'), error: error('a'), body: body('g2', type) },
      { address: address('g2'), error: 'Error: another', body: body('g2', type) },
    ]);
    await ask(buried[0]?.id ?? '', { type: 'drop' });

    const groups = await letters.groups({ tenant: 'test', actorType: 'counter', limit: 100 });

    const of = (letter?: BuriedLetter) => groups.find(({ group }) => group === letter?.group);
    expect(of(buried[0])).toMatchObject({
      ...{ reason: 'defect', actorType: 'counter', messageType: 'grouped' },
      counts: { open: 1, replaying: 0, replayed: 0, dropped: 1 },
    });
    expect(of(buried[1])).toBe(of(buried[0]));
    expect(of(buried[2])?.counts.open).toBe(1);
    const open = groups.map(({ counts }) => counts.open);
    expect(open).toEqual(open.toSorted((a, b) => b - a));
  });

  test('an edited letter keeps what came, and who changed it when and why', async () => {
    const { id } = await buryOne();
    const before = await letters.get('test', id);

    const reply = await ask(id, { type: 'edit', message: { type: 'add', by: 6 } });

    expect(reply).toEqual({ ok: true, value: { id, version: 2 } });
    const after = await letters.get('test', id);
    expect(after?.body).toBe(before?.body);
    expect(JSON.parse(after?.edited ?? '')).toMatchObject({
      message: { type: 'add', by: 6 },
      source: { kind: 'effect' },
    });
    expect(after).toMatchObject({
      ...{ status: 'open', version: 2, isEdited: true },
      acts: [{ act: 'edit', version: 2, by: 'user:test', reason: 'on purpose', before: before?.body }],
    });
  });

  test('an edit that can not be sent, or goes to another tenant, changes nothing', async () => {
    const { id } = await buryOne();
    const hopeless = await buryOne({ address: null, reason: 'malformed', body: 'no json' });
    const add = { type: 'add', by: 1 };
    const edits: [unknown, string | undefined, string][] = [
      [add, 'nowhere', 'to'],
      [add, 'counter/elsewhere/x', 'to'],
      [{}, undefined, 'message.type'],
      [{ type: '' }, address('x'), 'message.type'],
    ];

    for (const [message, to, path] of edits) {
      // What a person sends was looked at by the gateway only.
      const edit = { type: 'edit', message: message as { type: string } } as const;
      expect(await ask(id, to === undefined ? edit : { ...edit, to })).toMatchObject({
        failure: { code: 'VALIDATION_FAILED', errors: [{ path }] },
      });
    }
    expect(await ask(hopeless.id, { type: 'edit', message: add })).toMatchObject({
      failure: { code: 'VALIDATION_FAILED', errors: [{ path: 'to' }] },
    });
    const large = { type: 'add', text: 'x'.repeat(LIMITS.messageBytesMax) };
    expect(await ask(id, { type: 'edit', message: large })).toMatchObject({
      failure: { code: 'PAYLOAD_TOO_LARGE' },
    });
    expect(await letters.get('test', id)).toMatchObject({ version: 1, edited: null, acts: [] });
  });

  test('a letter that is no envelope is replayed only when it was said what to send to whom', async () => {
    const { row, id } = await buryOne({ address: null, reason: 'malformed', body: 'no json' });

    expect(await ask(id, replay)).toMatchObject({
      failure: { code: 'INVALID_TRANSITION', current_state: 'open', allowed: ['edit', 'drop'] },
    });
    await ask(id, { type: 'edit', to: address('mended'), message: { type: 'add', by: 1 } });
    expect(await ask(id, replay)).toMatchObject({ ok: true });

    const [due] = await store.dueReplays([row.id], [], 10);
    expect(JSON.parse(due?.body ?? '')).toMatchObject({
      ...{ to: address('mended'), message: { type: 'add', by: 1 }, source: { kind: 'system' } },
    });
  });

  test('of two who replay at once one is refused, and the letter is due once', async () => {
    const { row, id } = await buryOne();

    const replies = await Promise.all([ask(id, replay), ask(id, replay), ask(id, { type: 'drop' })]);

    expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
    expect(replies).toContainEqual(
      expect.objectContaining({ failure: expect.objectContaining({ code: 'INVALID_TRANSITION' }) }),
    );
    if ((await letters.get('test', id))?.status === 'dropped') return;
    const due = await store.dueReplays([row.id], [], 10);
    expect(due).toMatchObject([{ letter: id, n: 1 }]);
    expect(await store.dueReplays([row.id], [`${id} 1`], 10)).toEqual([]);
    expect(await store.dueReplays([row.id + 1], [], 10)).toEqual([]);
  });

  test('a replay that was applied closes its letter and keeps the reply', async () => {
    const { row, id } = await buryOne();
    await ask(id, replay);

    const reply = { ok: true as const, value: { is: 'done' } };
    await ended(row, { replays: [{ letter: id, n: 1, result: { type: 'applied', reply } }] });

    expect(await letters.get('test', id)).toMatchObject({
      ...{
        status: 'replayed',
        version: 3,
        replays: 1,
        reason: 'defect',
        outcome: { n: 1, type: 'applied', reply },
      },
    });
    expect(await store.dueReplays([row.id], [], 10)).toEqual([]);
    expect(await ask(id, { type: 'drop' })).toMatchObject({ failure: { current_state: 'replayed' } });
  });

  test('a replay that failed opens its letter again with the new error, and can be tried so often only', async () => {
    const { row, id } = await buryOne();
    for (let n = 1; n <= LIMITS.replaysPerLetterMax; n++) {
      expect(await ask(id, replay)).toMatchObject({ ok: true });
      const at = { ...row, batch: row.batch + n - 1 };
      await ended(at, { replays: [{ letter: id, n, result: failed }] });
    }

    expect(await letters.get('test', id)).toMatchObject({
      ...{
        status: 'open',
        replays: LIMITS.replaysPerLetterMax,
        error: 'again',
        group: 'g2',
        stateVersion: 2,
      },
      outcome: { n: LIMITS.replaysPerLetterMax, type: 'failed' },
    });
    expect(await ask(id, replay)).toMatchObject({
      failure: { code: 'INVALID_TRANSITION', allowed: ['drop'] },
    });
    expect(await ask(id, { type: 'drop' })).toMatchObject({ ok: true });
  });

  test('the outcome of another replay than the one under way changes nothing', async () => {
    const { row, id } = await buryOne();
    const applied = (n: number) => ({ letter: id, n, result: { type: 'applied', reply: null } as const });

    await ended(row, { replays: [applied(0), applied(1)] });
    expect(await letters.get('test', id)).toMatchObject({ status: 'open', version: 1 });
    await ask(id, replay);
    await ended({ ...row, batch: row.batch + 1 }, { replays: [applied(2)] });
    expect(await letters.get('test', id)).toMatchObject({ status: 'replaying', replays: 1 });
  });

  test('the outcome of a commit that was not made is not written', async () => {
    const { row, id } = await buryOne();
    await ask(id, replay);

    await ended({ ...row, epoch: row.epoch - 1 }, { replays: [{ letter: id, n: 1, result: failed }] });

    expect(await letters.get('test', id)).toMatchObject({ status: 'replaying' });
  });

  test('an act with the same key is done once, and one with another body is refused', async () => {
    const { id } = await buryOne();
    const keyed = { key: `http:${randomUUID()}`, bodyHash: 'b'.repeat(64) };

    const [first, again] = await Promise.all([
      ask(id, { type: 'drop' }, { keyed }),
      ask(id, { type: 'drop' }, { keyed }),
    ]);

    expect(first).toEqual({ ok: true, value: { id, version: 2 } });
    expect(again).toEqual(first);
    const other = await ask(id, { type: 'drop' }, { keyed: { ...keyed, bodyHash: 'c'.repeat(64) } });
    expect(other).toMatchObject({ failure: { code: 'IDEMPOTENCY_KEY_REUSED' } });
    expect(await letters.recall({ tenant: 'test', key: keyed.key })).toMatchObject({
      ...keyed,
      reply: first,
    });
    await letters.keep({ tenant: 'test', ...keyed, reply: { ok: true, value: 'another' } });
    expect(await letters.recall({ tenant: 'test', key: keyed.key })).toMatchObject({ reply: first });
  });

  test('an act on another version than the one that was read is refused', async () => {
    const { id } = await buryOne();
    await ask(id, { type: 'edit', message: { type: 'add', by: 1 } }, { version: 1 });

    expect(await ask(id, replay, { version: 1 })).toMatchObject({
      failure: { code: 'VERSION_CONFLICT', current_version: 2 },
    });
    expect(await ask(id, replay, { version: 2 })).toMatchObject({ ok: true });
    expect(await ask(randomUUID(), replay)).toMatchObject({ failure: { code: 'NOT_FOUND' } });
  });
}
