/** What was measured, as a table for people and as JSON for the rest. */
import type { FigureKind } from './bench.ts';
import { BUSY_FROM, type Machine } from './machine.ts';

export interface Measured {
  readonly bench: string;
  readonly key: string;
  readonly kind: FigureKind;
  readonly median: number;
  readonly runs: readonly number[];
  /** The largest share of the machine that others had in any of the runs; null: unknown. */
  readonly othersShare: number | null;
}

export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly method: string;
  readonly loadAverageBefore: number;
  readonly loadAverageAfter: number;
  readonly figures: readonly Measured[];
  readonly failed: readonly { readonly bench: string; readonly error: string }[];
}

export function formatRow(measured: Measured): string {
  const { bench, kind, median, runs, othersShare } = measured;
  const spread = runs.length > 1 ? runs.map((run) => formatValue(run, kind)).join('  ') : '';
  const others = othersShare === null ? '?' : `${Math.round(othersShare * 100)} %`;
  const mark = othersShare !== null && othersShare > BUSY_FROM ? ' BUSY' : '';
  const value = `${formatValue(median, kind)} ${kind.unit}`;
  return [
    bench.padEnd(20),
    kind.title.padEnd(36),
    value.padStart(14),
    `  others ${others}${mark}`,
    `  ${spread}`,
  ].join(' ');
}

function formatValue(value: number, { unit }: FigureKind): string {
  if (!Number.isFinite(value)) return '-';
  if (unit === 'ms' || unit === 's' || unit === 'MB')
    return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
  return Math.round(value).toLocaleString('en');
}

export function formatHead(
  report: Pick<Report, 'at' | 'machine' | 'versions' | 'method' | 'loadAverageBefore'>,
): string {
  const { machine, versions } = report;
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  return [
    `${report.at}  ${machine.cores} × ${machine.processor}, ${memory}, ${machine.system}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `load average ${report.loadAverageBefore.toFixed(2)}. ${report.method}`,
    '',
  ].join('\n');
}
