import { expect, test } from 'vitest';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { NO_USAGE } from '#protocols/task.ts';
import { newHead } from './head.ts';
import { type AttemptOut, mergeProgress, Outgoing } from './outgoing.ts';

type Progress = Extract<AttemptOut, { kind: 'progress' }>;

const ref = { taskId: 't1', attempt: 1 };
const OK: OutAnswer = { ok: true, value: null };

function progress(fields: Partial<Progress>): Progress {
  return { ...newHead(), ...ref, kind: 'progress', ...fields };
}

function tool(callId: string): AttemptOut {
  return { ...newHead(), ...ref, kind: 'tool', callId, tool: 'edit', title: 'Edit', status: 'completed' };
}

function result(): AttemptOut {
  const said = { success: true, summary: '', commit: null, changes: null, error: null };
  return { ...newHead(), ...ref, kind: 'result', result: said, usage: NO_USAGE, cancelled: false };
}

/** An orchestrator that answers when it is told to. */
function startSlowListener(waitingMax = 100) {
  const heard: AttemptOut[] = [];
  const answers: ((answer: OutAnswer | null) => void)[] = [];
  const outgoing = new Outgoing({
    waitingMax,
    ask: (message) => {
      heard.push(message);
      return new Promise((resolve) => answers.push(resolve));
    },
  });
  const answer = async (given: OutAnswer | null = OK) => {
    answers.shift()?.(given);
    await settle();
  };
  return { outgoing, heard, answer };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function nameOf(message: AttemptOut): string {
  if (message.kind === 'tool') return message.callId;
  return message.kind === 'progress' ? `${message.percent} ${message.note}` : message.kind;
}

test('messages are said one at a time, in order', async () => {
  const { outgoing, heard, answer } = startSlowListener();

  await outgoing.put(tool('a'));
  await outgoing.put(tool('b'));

  expect(heard.map(nameOf)).toEqual(['a']);
  await answer();
  expect(heard.map(nameOf)).toEqual(['a', 'b']);
});

test('of progress reports that wait, the newest is said, in the place of the first', async () => {
  const { outgoing, heard, answer } = startSlowListener();
  await outgoing.put(tool('a'));

  outgoing.report(progress({ percent: 1, note: 'one' }));
  await outgoing.put(tool('b'));
  for (let percent = 2; percent <= 99; percent++) outgoing.report(progress({ percent, note: 'many' }));
  outgoing.report(progress({ note: 'last' }));

  await answer();
  await answer();
  await answer();
  expect(heard.map(nameOf)).toEqual(['a', '99 last', 'b']);
});

test('a report that is under way already is not replaced', async () => {
  const { outgoing, heard, answer } = startSlowListener();

  outgoing.report(progress({ percent: 1, note: 'one' }));
  outgoing.report(progress({ percent: 2, note: 'two' }));

  await answer();
  expect(heard.map(nameOf)).toEqual(['1 one', '2 two']);
  expect(heard[0]?.id).not.toBe(heard[1]?.id);
});

test('a newer report keeps what only the older one told', () => {
  const usage = { tokens_in: 1, tokens_out: 1, cost_usd: 0 };
  const older = progress({ percent: 40, note: 'reading', usage });
  const newer = progress({ note: 'writing' });

  expect(mergeProgress(older, newer)).toEqual({ ...newer, percent: 40, usage });
});

test('past the bound a tool call waits for room, and none is lost', async () => {
  const { outgoing, heard, answer } = startSlowListener(2);
  const taken: string[] = [];
  const calls = ['a', 'b', 'c', 'd', 'e'];

  for (const call of calls) void outgoing.put(tool(call)).then(() => taken.push(call));
  await settle();

  expect(taken).toEqual(['a', 'b', 'c']);
  for (const _ of calls) await answer();
  expect(heard.map(nameOf)).toEqual(calls);
  expect(taken).toEqual(calls);
});

test('the last word is said after all that waits, and nothing after it', async () => {
  const { outgoing, heard, answer } = startSlowListener();
  await outgoing.put(tool('a'));
  await outgoing.put(tool('b'));

  const last = outgoing.sayLast(result());
  await outgoing.put(tool('late'));
  outgoing.report(progress({ percent: 100 }));

  expect(await outgoing.say(tool('later'))).toBeNull();
  for (let turn = 0; turn < 5; turn++) await answer();
  expect(heard.map(nameOf)).toEqual(['a', 'b', 'result']);
  expect(await last).toEqual(OK);
});

test('closing drops what waits and lets go whoever waits for it', async () => {
  const { outgoing, heard, answer } = startSlowListener(1);
  await outgoing.put(tool('a'));
  const waiting = outgoing.say(tool('b'));
  const withoutRoom = outgoing.put(tool('c'));

  outgoing.close();

  expect(await waiting).toBeNull();
  await withoutRoom;
  await answer();
  expect(heard.map(nameOf)).toEqual(['a']);
});
