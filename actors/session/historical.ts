/** Estimates of a template, moved to what its tasks took before. Pure. */
import { type LearnedByTask, learnedKey, type TaskOrigin } from '#protocols/estimates.ts';
import type { Estimate } from '#protocols/task.ts';

/** An estimate has three hours that are more than nothing, whatever they are multiplied by. */
const HOURS_MIN = 0.000_001;

/** The estimate as it was learned; the three points keep their proportions. What nothing was learned of stays as it is. */
export function estimateByHistory(
  estimate: Estimate,
  origin: TaskOrigin,
  learned: LearnedByTask | undefined,
): Estimate {
  const known = learned?.[learnedKey(origin)];
  if (!known || known.base !== origin.likely) return estimate;
  const likely = known.likely * origin.effort;
  const scale = (hours: number) => Math.max(HOURS_MIN, (hours / estimate.likely) * likely);
  return {
    optimistic: Math.min(likely, scale(estimate.optimistic)),
    likely,
    pessimistic: Math.max(likely, scale(estimate.pessimistic)),
    confidence: known.confidence,
    source: 'historical',
  };
}
