/** What a benchmark is: prepared once, run several times, each run giving the same figures. */
import type { Stage } from './stage.ts';

export interface FigureKind {
  readonly title: string;
  readonly unit: '/s' | 'ms' | 'bytes' | 'MB' | '%' | 'count' | 's' | 'µs';
}

/** One run's figures, by the keys of `figures`. */
export type Sample = Readonly<Record<string, number>>;

export interface Prepared {
  /** Not counted. */
  warmUp(): Promise<void>;
  run(): Promise<Sample>;
  stop(): Promise<void>;
}

export interface Bench {
  readonly name: string;
  /** What is measured, and what is not: printed beside the figures. */
  readonly what: string;
  readonly figures: Readonly<Record<string, FigureKind>>;
  /** Runs only when it is named. */
  readonly isLong?: boolean;
  /** Its one run holds many samples already: repeating it would say the same. */
  readonly isOnce?: boolean;
  prepare(stage: Stage): Promise<Prepared>;
}
