/** What may go wrong, and how often: each seed switches a part of it on (a swarm), so that every mix is met. */
import type { Random } from '#runtime/testing/random.ts';

export interface Rates {
  /** A store's statement fails and nothing happened. */
  storeFailed: number;
  /** It was carried out, and yet it is reported as failed. */
  storeUnknown: number;
  /** It is reported as failed, and carried out seconds later. */
  storeLate: number;
  publishLost: number;
  /** Kept by the log, and yet reported as failed. */
  publishUnanswered: number;
  publishLate: number;
  /** Kept twice: the log's window did not know it any more. */
  publishTwice: number;
  /** Overtaken by what was published after it. */
  publishReordered: number;
  answerLost: number;
  heartbeatLost: number;
  /** Stopping a reader takes seconds. */
  readerStopSlow: number;
}

export const CALM: Rates = {
  storeFailed: 0,
  storeUnknown: 0,
  storeLate: 0,
  publishLost: 0,
  publishUnanswered: 0,
  publishLate: 0,
  publishTwice: 0,
  publishReordered: 0,
  answerLost: 0,
  heartbeatLost: 0,
  readerStopSlow: 0,
};

const WORST: Rates = {
  storeFailed: 0.02,
  storeUnknown: 0.02,
  storeLate: 0.01,
  publishLost: 0.03,
  publishUnanswered: 0.03,
  publishLate: 0.03,
  publishTwice: 0.05,
  publishReordered: 0.05,
  answerLost: 0.1,
  heartbeatLost: 0.15,
  readerStopSlow: 0.1,
};

export const NEMESES = [
  'kill',
  'pause',
  'drain',
  'join',
  'cutHeartbeats',
  'storeAway',
  'storeSlow',
  'cutStore',
  'logAway',
  'resetReaders',
  'forgetIds',
  'loseTail',
  'recreateLog',
  'clockJump',
] as const;
export type Nemesis = (typeof NEMESES)[number];

export interface Swarm {
  readonly rates: Rates;
  readonly nemeses: readonly Nemesis[];
}

export function drawSwarm(random: Random): Swarm {
  const rates = { ...CALM };
  for (const name of Object.keys(WORST) as (keyof Rates)[]) {
    if (random.chance(0.5)) rates[name] = WORST[name] * random.next();
  }
  return { rates, nemeses: NEMESES.filter(() => random.chance(0.6)) };
}
