/** How loaded an agent is, in one word. Pure. */
import { z } from 'zod';

export const LoadLevel = z.enum(['idle', 'optimal', 'high', 'critical', 'overloaded']);
export type LoadLevel = z.infer<typeof LoadLevel>;

/** By the used share of the capacity. */
export function loadLevelOf(share: number): LoadLevel {
  if (share <= 0.2) return 'idle';
  if (share <= 0.7) return 'optimal';
  if (share <= 0.9) return 'high';
  return share <= 1 ? 'critical' : 'overloaded';
}
