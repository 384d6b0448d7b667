/** An actor kind that breaks in every way that a handler can, and is suspended at its first fault. For tests. */
import { z } from 'zod';
import { type ActorKind, defineActor } from '#protocols/actor.ts';
import { reply, schedule, send } from '#protocols/effects.ts';

export const FragileState = z.object({ seen: z.array(z.string()), watchMs: z.number().nullable() });
export type FragileState = z.infer<typeof FragileState>;

const FragileMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('note'), text: z.string() }),
  z.object({ type: z.literal('urgent'), text: z.string() }),
  z.object({ type: z.literal('note_later'), text: z.string(), afterMs: z.number() }),
  /** Has another one note something. */
  z.object({ type: z.literal('tell'), to: z.string(), text: z.string() }),
  z.object({ type: z.literal('throw') }),
  /** Ends the process that takes it; `inMain`: only where that is not the one for turns alone. */
  z.object({ type: z.literal('kill'), spares: z.boolean() }),
  z.object({ type: z.literal('spin') }),
  z.object({ type: z.literal('eat') }),
  /** Leaves a state that no column takes. */
  z.object({ type: z.literal('spoil') }),
]);

/** Set by programs that run nodes: there a turn that kills is meant to. */
export const DEADLY = { isArmed: false };

export const FRAGILE: ActorKind = defineActor({
  type: 'fragile',
  stateVersion: 1,
  state: FragileState,
  message: FragileMessage,
  control: ['urgent'],
  onDefect: 'suspend',
  index: (state) => ({ watchMs: state.watchMs }),
  handle(state, message, context) {
    const now = state ?? { seen: [], watchMs: null };
    const noted = (text: string) => ({ ...now, seen: [...now.seen, text] });
    switch (message.type) {
      case 'note':
      case 'urgent':
        return { state: noted(message.text), effects: [reply(now.seen.length + 1)] };
      case 'note_later': {
        const note = { type: 'note', text: message.text };
        return { state: now, effects: [schedule('later', context.now + message.afterMs, note), reply(null)] };
      }
      case 'tell': {
        const note = { type: 'note', text: message.text };
        return { state: now, effects: [send({ ...context.self, id: message.to }, note), reply(null)] };
      }
      case 'throw':
        throw new Error('broken on purpose');
      case 'kill':
        if (!message.spares || DEADLY.isArmed) process.kill(process.pid, 'SIGKILL');
        return { state: noted('spared'), effects: [reply('spared')] };
      case 'spin':
        for (;;);
      case 'eat': {
        const eaten: string[][] = [];
        for (;;) eaten.push(Array.from({ length: 100_000 }, (_, index) => `${context.now} ${index}`));
      }
      case 'spoil':
        return { state: { ...noted('spoiled'), watchMs: 0.5 }, effects: [reply(null)] };
    }
  },
});
