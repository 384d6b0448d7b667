/**
 * Which half a sample is in. All of a session are in the same one, and which that is depends on nothing but its id, the
 * seed and the share: a further version with more sessions leaves each where it was. Pure.
 */
import { hash } from 'node:crypto';
import type { DatasetSplit } from '#protocols/dataset.ts';

const RANGE = 2 ** 32;

export function splitOf(sessionId: string, { seed, share }: { seed: number; share: number }): DatasetSplit {
  const place = Number.parseInt(hash('sha256', `${seed}\n${sessionId}`).slice(0, 8), 16);
  return place / RANGE < share ? 'validation' : 'train';
}
