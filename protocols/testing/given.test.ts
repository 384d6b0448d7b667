import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActorKind, defineActor } from '../actor.ts';
import { Answered, ask, cancel, cancelAsk, reply, scheduleEvery } from '../effects.ts';
import { given } from './given.ts';

const OTHER = { type: 'other', tenant: 'dev', id: 'o' };
let outside = 0;

const Message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin') }),
  z.object({ type: z.literal('beat') }),
  z.object({ type: z.literal('end') }),
  z.object({ type: z.literal('inquire') }),
  z.object({ type: z.literal('forget') }),
  z.object({ type: z.literal('chance') }),
  z.object({ type: z.literal('spoil') }),
  Answered,
]);

const PROBE: ActorKind = defineActor({
  type: 'probe',
  stateVersion: 1,
  state: z.object({ seen: z.array(z.string()) }),
  message: Message,
  control: [],
  onDefect: 'resume',
  handle(state, message, context) {
    const seen = state?.seen ?? [];
    const saw = (text: string) => ({ seen: [...seen, text] });
    switch (message.type) {
      case 'begin':
        return {
          state: saw('begin'),
          effects: [scheduleEvery('beat', { everyMs: 1_000 }, { type: 'beat' })],
        };
      case 'beat':
        return { state: saw(`beat ${context.now - (context.dueMs ?? 0)} ${context.by}`), effects: [] };
      case 'end':
        return { state: saw('end'), effects: [cancel('beat')] };
      case 'inquire':
        return {
          state: saw('inquire'),
          effects: [ask(OTHER, { type: 'x' }, { key: 'q', deadlineMs: context.now + 500 })],
        };
      case 'forget':
        return { state: saw('forget'), effects: [cancelAsk('q')] };
      case 'answered':
        return {
          state: saw(message.reply.ok ? `${message.reply.value} ${context.by}` : message.reply.failure.code),
          effects: [],
        };
      case 'chance':
        return { state: saw('chance'), effects: [reply(outside++)] };
      case 'spoil':
        return { state: { seen: [Number.NaN as unknown as string] }, effects: [] };
    }
  },
});

test('a repeating timer comes again, by its plan, until it is cancelled', () => {
  const begun = given<{ seen: string[] }>(PROBE).when({ type: 'begin' }).after(3_500);

  expect(begun.state?.seen).toEqual(['begin', 'beat 0 timer', 'beat 0 timer', 'beat 0 timer']);
  expect(begun.when({ type: 'end' }).after(10_000).state?.seen).toHaveLength(5);
});

test('an ask is answered once: by the other, by its deadline, or not at all where it was taken back', () => {
  const asked = given<{ seen: string[] }>(PROBE).when({ type: 'inquire' });
  const answered = asked.answered('q', { ok: true, value: 7 });

  expect(answered.after(1_000).state?.seen).toEqual(['inquire', '7 other/dev/o']);
  expect(asked.after(1_000).state?.seen).toEqual(['inquire', 'DEADLINE_EXCEEDED']);
  expect(asked.when({ type: 'forget' }).after(1_000).state?.seen).toEqual(['inquire', 'forget']);
  expect(() => answered.answered('q', { ok: true, value: 8 })).toThrow('waits for an answer');
});

test('what decides differently a second time, or leaves what its schema does not take, fails the test', () => {
  expect(() => given(PROBE).when({ type: 'chance' })).toThrow('decides the same on chance a second time');
  expect(() => given(PROBE).when({ type: 'spoil' })).toThrow('expected string');
  expect(() => given(PROBE, { seen: 3 })).toThrow('expected array');
});
