import { expect, test } from 'vitest';
import type { Operation, Outcome } from './history.ts';
import { buildReport, formatReport } from './report.ts';
import type { Happened, RunResult } from './run.ts';

function operations(counts: Readonly<Record<Outcome, number>>): Operation[] {
  return (['ok', 'fail', 'info'] as const).flatMap((outcome) =>
    Array.from({ length: counts[outcome] }, (_, index): Operation => {
      const what = { process: 'p', act: 'append', target: 'list', asked: {}, answer: null } as const;
      return { ...what, op: `${outcome}-${index}`, invokedMs: 100, endedMs: 110 + index, outcome };
    }),
  );
}

const KILL: Happened = { name: 'kill', recoveries: [10, 20, 30], healedMs: 5, fromMs: 0, untilMs: 1_000 };

function report(part: Partial<RunResult> & { asked: readonly Operation[] }) {
  const result: RunResult = {
    violations: [],
    timerLatenessMs: [1, 2, 300],
    applied: 0,
    grants: 0,
    takeOvers: 0,
    generations: 0,
    happened: [KILL],
    missing: new Map(),
    failed: new Map(),
    history: { operations: part.asked },
    perSecond: 1,
    capacity: 1,
    skipped: 0,
    seconds: 1,
    ...part,
  };
  return buildReport(result, 1);
}

test('a run with faults in which most operations succeeded is a test', () => {
  const asked = operations({ ok: 6, fail: 2, info: 2 });

  expect(report({ asked }).notATest).toEqual([]);
});

test('a run without a fault, or with one that did not come about, is no test', () => {
  const asked = operations({ ok: 10, fail: 0, info: 0 });

  expect(report({ asked, happened: [] }).notATest).toEqual(['no fault happened']);
  expect(report({ asked, failed: new Map([['cut', 'no commit']]) }).notATest).toEqual([
    'cut did not come about: no commit',
  ]);
});

test('a run in which fewer than 60 % of the operations succeeded is no test; skipped ones count', () => {
  const asked = operations({ ok: 6, fail: 4, info: 0 });

  expect(report({ asked, skipped: 1 }).notATest).toEqual([
    'only 55 % of the operations succeeded, 60 % must',
  ]);
});

test('recoveries of one kind are put together, with the operations that were begun meanwhile', () => {
  const later = { ...KILL, recoveries: [40], healedMs: 9, fromMs: 2_000, untilMs: 3_000 };
  const asked = operations({ ok: 3, fail: 1, info: 0 });

  const { faults } = report({ asked, happened: [KILL, later] });

  expect(faults).toEqual([
    {
      name: 'kill',
      count: 2,
      recoveryMs: { p50: 20, p99: 40, max: 40, samples: 4 },
      healedMsMax: 9,
      operations: { ok: 3, fail: 1, info: 0 },
    },
  ]);
});

test('the table names each fault, and the sums each kind of violation', () => {
  const asked = operations({ ok: 3, fail: 0, info: 0 });
  const violations = [{ kind: 'lost', text: 'a is lost' } as const];

  const text = formatReport(report({ asked, violations, missing: new Map([['clock', 'no library']]) }));

  expect(text).toContain('kill');
  expect(text).toContain('not had: clock: no library');
  expect(text).toContain('lost 1, doubled 0');
});
