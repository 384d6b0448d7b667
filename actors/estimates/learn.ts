/** What the hours that a task took say of the next one of its template. Pure. */
import {
  CONFIDENCE_MAX,
  LEARNED_HOURS_MAX,
  LEARNED_HOURS_MIN,
  type LearnedHours,
  type TaskOrigin,
} from '#protocols/estimates.ts';

const CONFIDENCE_STEP = 0.05;

/**
 * The likely hours move half-way to what it took, and the confidence grows by 0.05 up to 0.95. `known`: what was learned
 * before; of no use where the template says other hours by now.
 */
export function learn(known: LearnedHours | null, origin: TaskOrigin, hours: number): LearnedHours {
  const { likely: base, confidence, effort } = origin;
  const before = known?.base === base ? known : { likely: base, confidence };
  const surer = Math.round((before.confidence + CONFIDENCE_STEP) * 100) / 100;
  return {
    base,
    likely: within((before.likely + hours / effort) / 2),
    confidence: Math.max(before.confidence, Math.min(CONFIDENCE_MAX, surer)),
  };
}

function within(hours: number): number {
  const rounded = Math.round(hours / LEARNED_HOURS_MIN) * LEARNED_HOURS_MIN;
  return Math.min(LEARNED_HOURS_MAX, Math.max(LEARNED_HOURS_MIN, Number(rounded.toFixed(4))));
}
