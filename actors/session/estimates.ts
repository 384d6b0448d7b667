/** How long a task may take: three points in hours, and what is read from them or from the text. */
import type { SessionDraft } from '#protocols/session.ts';
import type { Complexity, Estimate } from '#protocols/task.ts';
import { wordsOf } from './words.ts';

type ComplexityName = (typeof Complexity.options)[number];

/** Below so many expected hours a task counts as that complex. */
const COMPLEXITY_BELOW_HOURS: readonly (readonly [number, ComplexityName])[] = [
  [0.25, 'trivial'],
  [1, 'simple'],
  [4, 'moderate'],
  [8, 'complex'],
];

const HOURS_MIN = 1;
const HOURS_MAX = 24;
const WORDS_PER_HOUR = 100;
const HOURS_PER_TECHNICAL_TERM = 0.5;

const TECHNICAL_TERMS: ReadonlySet<string> = new Set([
  'api',
  'architecture',
  'async',
  'auth',
  'authentication',
  'cache',
  'concurrency',
  'container',
  'database',
  'deployment',
  'distributed',
  'encryption',
  'framework',
  'index',
  'integration',
  'kubernetes',
  'microservice',
  'migration',
  'parallel',
  'performance',
  'pipeline',
  'protocol',
  'queue',
  'refactor',
  'scaling',
  'schema',
  'security',
  'server',
  'stream',
  'transaction',
]);

/** The three points around a likely value that nobody measured yet: half of it, and twice. */
export function estimateFrom(likelyHours: number, confidence: number): Estimate {
  return {
    optimistic: likelyHours / 2,
    likely: likelyHours,
    pessimistic: likelyHours * 2,
    confidence,
    source: 'heuristic',
  };
}

export function expectedHours(estimate: Estimate): number {
  return (estimate.optimistic + 4 * estimate.likely + estimate.pessimistic) / 6;
}

/** Standard deviation of an estimate. */
export function deviationHours({ optimistic, pessimistic }: Estimate): number {
  return (pessimistic - optimistic) / 6;
}

/** Hours to four digits after the point: a third of a second. */
export function roundHours(hours: number): number {
  return Math.round(hours * 10_000) / 10_000;
}

export function complexityOf(hours: number): ComplexityName {
  return COMPLEXITY_BELOW_HOURS.find(([below]) => hours < below)?.[1] ?? 'expert';
}

/** Hours inferred from a session's text: its length and its technical terms. */
export function likelyHoursOf(draft: Pick<SessionDraft, 'title' | 'description' | 'initial_prompt'>): number {
  const words = wordsOf(`${draft.title} ${draft.description ?? ''} ${draft.initial_prompt}`);
  const terms = new Set(words.filter((word) => TECHNICAL_TERMS.has(word))).size;
  const hours = HOURS_MIN + words.length / WORDS_PER_HOUR + terms * HOURS_PER_TECHNICAL_TERM;
  return Math.min(HOURS_MAX, Math.round(hours * 4) / 4);
}
