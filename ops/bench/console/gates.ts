/** The targets of the console, and whether figures hold them. Pure. */
import { median } from '../quantiles.ts';
import type { Frames } from './page-meter.ts';

export interface Gate {
  readonly name: string;
  readonly unit: '' | 'ms' | '%' | '/s' | 'MB' | 's';
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What was measured for a gate. */
export interface Finding {
  readonly scene: string;
  readonly gate: Gate;
  /** The median of the runs. */
  readonly value: number;
  /** The same of an empty page in the same run; not a number where there is no such thing. */
  readonly empty: number;
}

export interface Scene {
  readonly name: string;
  readonly path: string;
  readonly perSecond: number;
  /** So many times slower than it is, the browser makes the processor. */
  readonly slower: number;
  readonly gates: readonly (Gate & { readonly of: (frames: Frames) => number })[];
}

type FrameGate = Scene['gates'][number];

const LATE: FrameGate = { name: 'frames over 34 ms', unit: '%', atMost: 1, of: (one) => 100 * one.lateShare };
const BUSY: FrameGate = { name: 'main thread', unit: '%', atMost: 45, of: (one) => 100 * one.busyShare };
const framesAtLeast = (atLeast: number): FrameGate => ({
  ...{ name: 'frames', unit: '/s', atLeast },
  of: (one) => one.framesPerSecond,
});

/** Longest frame and long tasks have no target: they are shown, since a median hides them. */
const SHOWN: readonly FrameGate[] = [
  { name: 'longest frame', unit: 'ms', of: (one) => one.longestMs },
  { name: 'tasks over 50 ms', unit: '', of: (one) => one.longTasks },
];

export const SCENES: readonly Scene[] = [
  { name: 'wall', path: '/', perSecond: 5_000, slower: 1, gates: [LATE, framesAtLeast(55), BUSY, ...SHOWN] },
  {
    ...{ name: 'traffic', path: '/traffic', perSecond: 5_000, slower: 1 },
    gates: [
      ...[LATE, framesAtLeast(55), BUSY],
      { name: 'published → painted, p50', unit: 'ms', atMost: 60, of: (one) => one.paintedP50Ms },
      { name: 'published → painted, p95', unit: 'ms', atMost: 120, of: (one) => one.paintedP95Ms },
      ...SHOWN,
    ],
  },
  {
    ...{ name: 'traffic', path: '/traffic', perSecond: 20_000, slower: 1 },
    gates: [
      framesAtLeast(55),
      { name: 'frame, p95', unit: 'ms', atMost: 20, of: (one) => one.p95Ms },
      ...SHOWN,
    ],
  },
  {
    ...{ name: 'traffic', path: '/traffic', perSecond: 5_000, slower: 4 },
    gates: [framesAtLeast(45), ...SHOWN],
  },
];

/** Of a scene's runs, and the empty page's beside them. */
export function find(scene: Scene, runs: readonly { shown: Frames; empty: Frames }[]): Finding[] {
  const pace = scene.slower > 1 ? `, ${scene.slower}× slower` : '';
  return scene.gates.map(({ of, ...gate }) => ({
    scene: `${scene.name}, ${scene.perSecond.toLocaleString('en')}/s${pace}`,
    gate,
    value: median(runs.map(({ shown }) => of(shown))),
    empty: median(runs.map(({ empty }) => of(empty))),
  }));
}

/** What could not be measured does not hold. */
export function holds({ gate, value }: Finding): boolean {
  const { atMost, atLeast } = gate;
  if (atMost === undefined && atLeast === undefined) return true;
  return (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}

export function toLine(finding: Finding): string {
  const { scene, gate, value, empty } = finding;
  const { atMost, atLeast, unit } = gate;
  const target = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '';
  const verdict = target === '' ? '' : holds(finding) ? 'holds' : 'DOES NOT HOLD';
  const beside = Number.isFinite(empty) ? `empty page ${figure(empty)}` : '';
  return [
    ...[scene.padEnd(28), gate.name.padEnd(28), `${figure(value)} ${unit}`.padStart(12)],
    ...[target.padStart(8), verdict.padEnd(14), beside],
  ]
    .join('  ')
    .trimEnd();
}

function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
