/**
 * What an owner tells of the mail that waits for it: partitions that lag, and the actors that most of it is for.
 *
 * How much waits for one actor is an estimate: by a sample of what was read of a partition and not taken yet.
 */
import { z } from 'zod';
import type { Delivery } from './log.ts';

export const LoadReport = z.object({
  node: z.string().max(128),
  partitions: z
    .array(
      z.object({
        id: z.number().int().nonnegative(),
        lag: z.number().int().nonnegative(),
        /** Age of the oldest message that was not taken yet. */
        oldestMs: z.number().nonnegative(),
      }),
    )
    .max(4_096),
  actors: z.array(z.object({ to: z.string().max(512), waiting: z.number().int().nonnegative() })).max(64),
});
export type LoadReport = z.infer<typeof LoadReport>;

/** What a partition has waiting in its data lane. */
export interface LaneLoad {
  readonly id: number;
  /** Read and not taken, the oldest first. */
  readonly waiting: readonly Delivery[];
  /** These, and those that the log holds beyond them. */
  readonly lag: number;
}

/** Below this a partition is not told, and whose mail it is not looked at. */
const TOLD_FROM = { lag: 200, oldestMs: 2_000 } as const;
const ACTORS_MAX = 32;
const SAMPLE_MAX = 64;
/** Fewer of a sample say nothing about an actor. */
const SAMPLED_MIN = 4;
/** In an envelope the address stands near the beginning. */
const HEAD_BYTES = 1_024;
const ADDRESS = /"to":"([^"\\]{1,512})"/;
const decoder = new TextDecoder();

export function buildLoadReport(node: string, lanes: Iterable<LaneLoad>, nowMs: number): LoadReport {
  const partitions: LoadReport['partitions'] = [];
  const actors: LoadReport['actors'] = [];
  for (const lane of lanes) {
    const oldestMs = Math.max(0, nowMs - (lane.waiting[0]?.atMs ?? nowMs));
    if (lane.lag < TOLD_FROM.lag && oldestMs < TOLD_FROM.oldestMs) continue;
    partitions.push({ id: lane.id, lag: lane.lag, oldestMs });
    actors.push(...fullestOf(lane));
  }
  actors.sort((a, b) => b.waiting - a.waiting);
  return { node, partitions, actors: actors.slice(0, ACTORS_MAX) };
}

function fullestOf({ waiting, lag }: LaneLoad): { to: string; waiting: number }[] {
  const size = Math.min(SAMPLE_MAX, waiting.length);
  const counts = new Map<string, number>();
  for (let index = 0; index < size; index++) {
    const delivery = waiting[Math.floor((index * waiting.length) / size)];
    const to = delivery && addressOf(delivery.bytes);
    if (to) counts.set(to, (counts.get(to) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= Math.min(SAMPLED_MIN, size))
    .map(([to, count]) => ({ to, waiting: Math.round((lag * count) / size) }));
}

function addressOf(bytes: Uint8Array): string | null {
  return ADDRESS.exec(decoder.decode(bytes.subarray(0, HEAD_BYTES)))?.[1] ?? null;
}
