/** A small actor kind for the runtime's own tests: counts, gives to others, sets timers, throws. */
import { z } from 'zod';
import { type ActorKind, defineActor } from '#protocols/actor.ts';
import { deliver, emit, refuse, reply, schedule, send } from '#protocols/effects.ts';

export const CounterState = z.object({ count: z.number(), seen: z.array(z.string()) });
export type CounterState = z.infer<typeof CounterState>;

const CounterMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('add'), by: z.number() }),
  z.object({ type: z.literal('give'), to: z.string(), by: z.number() }),
  z.object({ type: z.literal('note'), text: z.string() }),
  z.object({ type: z.literal('urgent'), text: z.string() }),
  z.object({ type: z.literal('throw') }),
  z.object({ type: z.literal('block'), pid: z.number(), forMs: z.number() }),
  z.object({ type: z.literal('refuse') }),
  z.object({ type: z.literal('add_later'), afterMs: z.number(), by: z.number() }),
  z.object({ type: z.literal('ask_agent'), subject: z.string() }),
  z.object({ type: z.literal('delivered'), id: z.string(), answer: z.unknown() }),
]);

export const COUNTER: ActorKind = defineActor({
  type: 'counter',
  stateVersion: 1,
  state: CounterState,
  message: CounterMessage,
  control: ['urgent'],
  onDefect: 'resume',
  fork: (state) => ({ state, effects: [] }),
  index: (state) => ({ status: state.count < 0 ? 'negative' : 'positive' }),
  handle(state, message, context) {
    const now = state ?? { count: 0, seen: [] };
    switch (message.type) {
      case 'add': {
        const count = now.count + message.by;
        return {
          state: { ...now, count },
          effects: [reply(count), emit('added', { by: message.by, count })],
        };
      }
      case 'give': {
        const to = { ...context.self, id: message.to };
        const effects = [send(to, { type: 'add', by: message.by }), reply('given')];
        return { state: { ...now, count: now.count - message.by }, effects };
      }
      case 'note':
      case 'urgent':
        return { state: { ...now, seen: [...now.seen, message.text] }, effects: [reply(null)] };
      case 'throw':
        throw new Error('thrown on purpose');
      case 'block':
        if (process.pid === message.pid) blockLoop(message.forMs);
        return { state: now, effects: [reply(process.pid)] };
      case 'refuse':
        return { state, effects: [refuse({ code: 'INVALID_TRANSITION', detail: 'refused on purpose' })] };
      case 'add_later': {
        const later = schedule('later', context.now + message.afterMs, { type: 'add', by: message.by });
        return { state: now, effects: [later, reply(null)] };
      }
      case 'ask_agent':
        return { state: now, effects: [deliver(message.subject, context.id(), { hello: 1 }), reply(null)] };
      case 'delivered':
        return { state: { ...now, seen: [...now.seen, JSON.stringify(message.answer)] }, effects: [] };
    }
  },
});

/** What a handler that never comes to its end does to its process. */
function blockLoop(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}
