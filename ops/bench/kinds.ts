/** The actor kind that is measured: a counter that also passes tokens on and spreads messages over others. */
import { z } from 'zod';
import { type ActorKind, defineActor } from '#protocols/actor.ts';
import { emit, reply, send } from '#protocols/effects.ts';

export const BENCH_TENANT = 'bench';
export const BENCH_TYPE = 'counter';
export const benchAddress = (id: string) => ({ type: BENCH_TYPE, tenant: BENCH_TENANT, id });

const State = z.object({ count: z.number() });

const BenchMessage = z.discriminatedUnion('type', [
  /** As a service does it: counts, answers, tells the world. */
  z.object({ type: z.literal('add'), by: z.number() }),
  /** Counts, and nothing else. */
  z.object({ type: z.literal('touch') }),
  /** Touches `count` others, from `{prefix}{from}` on. */
  z.object({ type: z.literal('spread'), prefix: z.string(), from: z.number(), count: z.number() }),
  /** Sends `tokens` tokens on their way. */
  z.object({
    type: z.literal('launch'),
    tokens: z.number(),
    at: z.number(),
    size: z.number(),
    hops: z.number(),
  }),
  /** A token: counted, and passed on while it has hops. */
  z.object({ type: z.literal('pass'), at: z.number(), size: z.number(), hops: z.number() }),
]);

/** How far a token goes in its ring: neighbours live in other partitions. */
const STRIDE = 7;

export const ringId = (at: number): string => `ring-${at}`;

export const BENCH_KIND: ActorKind = defineActor({
  type: BENCH_TYPE,
  stateVersion: 1,
  state: State,
  message: BenchMessage,
  control: [],
  onDefect: 'resume',
  handle(state, message, context) {
    const count = (state?.count ?? 0) + 1;
    const next = (at: number, size: number) => ({ ...context.self, id: ringId((at + STRIDE) % size) });
    switch (message.type) {
      case 'add': {
        const sum = (state?.count ?? 0) + message.by;
        return {
          state: { count: sum },
          effects: [reply(sum), emit('added', { by: message.by, count: sum })],
        };
      }
      case 'touch':
        return { state: { count }, effects: [] };
      case 'spread': {
        const targets = Array.from({ length: message.count }, (_, index) => message.from + index);
        const effects = targets.map((n) =>
          send({ ...context.self, id: `${message.prefix}${n}` }, { type: 'touch' }),
        );
        return { state: { count }, effects };
      }
      case 'launch': {
        const { at, size, hops } = message;
        const token = { type: 'pass', at: (at + STRIDE) % size, size, hops: hops - 1 };
        const effects = Array.from({ length: message.tokens }, () => send(next(at, size), token));
        return { state: { count }, effects };
      }
      case 'pass': {
        const { at, size, hops } = message;
        if (hops === 0) return { state: { count }, effects: [] };
        const token = { type: 'pass', at: (at + STRIDE) % size, size, hops: hops - 1 };
        return { state: { count }, effects: [send(next(at, size), token)] };
      }
    }
  },
});

/** For whoever loads kinds by name. */
export const ACTOR_KINDS: readonly ActorKind[] = [BENCH_KIND];
