/** What a run found, as numbers and as a table. Pure. */
import { median, quantile } from '../bench/quantiles.ts';
import type { Violation } from './checkers/violation.ts';
import type { Operation } from './history.ts';
import type { Happened, RunResult } from './run.ts';

/** Below it the run says nothing: a system that refuses everything breaks no promise. */
const SUCCEEDED_MIN = 0.6;

export interface FaultReport {
  readonly name: string;
  readonly count: number;
  readonly recoveryMs: { p50: number; p99: number; max: number; samples: number };
  readonly healedMsMax: number;
  readonly operations: Outcomes;
}

export interface Outcomes {
  readonly ok: number;
  readonly fail: number;
  readonly info: number;
}

export interface Report {
  readonly seed: number;
  readonly seconds: number;
  readonly capacityPerSecond: number;
  readonly perSecond: number;
  readonly operations: Outcomes & { readonly skipped: number; readonly latencyMs: Record<string, number> };
  readonly applied: number;
  readonly lockGrants: number;
  readonly takeOvers: number;
  readonly generations: number;
  readonly timers: { rung: number; lateMsP50: number; lateMsP99: number; lateMsMax: number };
  readonly faults: readonly FaultReport[];
  readonly missing: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** Why this run is no test; empty where it is one. */
  readonly notATest: readonly string[];
}

export function buildReport(result: RunResult, seed: number): Report {
  const { history, happened, missing, failed, timerLatenessMs, violations } = result;
  const { operations } = history;
  const total = outcomesOf(operations);
  const okLatency = operations.flatMap(({ outcome, invokedMs, endedMs, act }) =>
    outcome === 'ok' && endedMs !== null && act !== 'probe' ? [endedMs - invokedMs] : [],
  );
  const succeeded = total.ok / Math.max(1, operations.length + result.skipped);
  const notATest = [
    happened.length === 0 && 'no fault happened',
    succeeded < SUCCEEDED_MIN &&
      `only ${(succeeded * 100).toFixed(0)} % of the operations succeeded, ${SUCCEEDED_MIN * 100} % must`,
    ...[...failed].map(([name, reason]) => `${name} did not come about: ${reason}`),
  ].filter((reason) => reason !== false);
  return {
    seed,
    seconds: result.seconds,
    capacityPerSecond: result.capacity,
    perSecond: result.perSecond,
    operations: {
      ...total,
      skipped: result.skipped,
      latencyMs: { p50: median(okLatency), p99: quantile(okLatency, 0.99), max: quantile(okLatency, 1) },
    },
    applied: result.applied,
    lockGrants: result.grants,
    takeOvers: result.takeOvers,
    generations: result.generations,
    timers: {
      rung: timerLatenessMs.length,
      lateMsP50: quantile(timerLatenessMs, 0.5),
      lateMsP99: quantile(timerLatenessMs, 0.99),
      lateMsMax: quantile(timerLatenessMs, 1),
    },
    faults: [...Map.groupBy(happened, ({ name }) => name)].map(([name, all]) =>
      faultReport(name, all, operations),
    ),
    missing: Object.fromEntries(missing),
    violations,
    notATest,
  };
}

function faultReport(name: string, all: readonly Happened[], operations: readonly Operation[]): FaultReport {
  const recoveries = all.flatMap((one) => one.recoveries);
  const within = operations.filter(({ invokedMs }) =>
    all.some(({ fromMs, untilMs }) => invokedMs >= fromMs && invokedMs <= untilMs),
  );
  return {
    name,
    count: all.length,
    recoveryMs: {
      p50: quantile(recoveries, 0.5),
      p99: quantile(recoveries, 0.99),
      max: quantile(recoveries, 1),
      samples: recoveries.length,
    },
    healedMsMax: Math.max(...all.map(({ healedMs }) => healedMs)),
    operations: outcomesOf(within),
  };
}

function outcomesOf(operations: readonly Operation[]): Outcomes {
  const count = (wanted: string) => operations.filter(({ outcome }) => outcome === wanted).length;
  return { ok: count('ok'), fail: count('fail'), info: count('info') };
}

const HEADS = ['fault', 'count', 'p50 ms', 'p99 ms', 'max ms', 'to lag 0', 'ok', 'fail', 'unknown'];

export function formatReport(report: Report): string {
  const rows = report.faults.map(({ name, count, recoveryMs, healedMsMax, operations }) => [
    name,
    String(count),
    ...[recoveryMs.p50, recoveryMs.p99, recoveryMs.max, healedMsMax].map(formatMs),
    ...[operations.ok, operations.fail, operations.info].map(String),
  ]);
  const { operations, timers, violations } = report;
  const count = (...kinds: Violation['kind'][]) =>
    violations.filter(({ kind }) => kinds.includes(kind)).length;
  return [
    formatTable([HEADS, ...rows]),
    '',
    ...Object.entries(report.missing).map(([name, reason]) => `not had: ${name}: ${reason}`),
    `${report.faults.reduce((sum, fault) => sum + fault.count, 0)} faults of ${report.faults.length} kinds in ` +
      `${report.seconds.toFixed(0)} s; seed ${report.seed}; ${report.perSecond.toFixed(0)} operations/s`,
    `operations: ${operations.ok} ok, ${operations.fail} failed, ${operations.info} of unknown outcome, ` +
      `${operations.skipped} skipped; p50 ${formatMs(operations.latencyMs.p50)} ms, p99 ${formatMs(operations.latencyMs.p99)} ms`,
    `applied ${report.applied}; partitions taken ${report.takeOvers} times, logs read anew ${report.generations} times; lock grants ${report.lockGrants}; timers ${timers.rung}, late by p50 ${formatMs(timers.lateMsP50)} ms, ` +
      `p99 ${formatMs(timers.lateMsP99)} ms, at most ${formatMs(timers.lateMsMax)} ms`,
    `lost ${count('lost', 'effect', 'event', 'money')}, doubled ${count('doubled')}, out of order ${count('disorder', 'stale')}, ` +
      `lock ${count('lock')}, timer ${count('timer')}, chain ${count('chain')}, other ${count('forged', 'dead-letter', 'liveness')}`,
  ].join('\n');
}

function formatMs(ms: number | undefined): string {
  return ms === undefined || Number.isNaN(ms) ? '-' : ms.toFixed(0);
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}
