/** The short run: every kind of fault once, as `npm run chaos` does it, in a process of its own. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startChild } from '../dev/child.ts';
import { FAULTS } from './faults.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
/** It ends what it started before it is killed. */
const STOP_MS = 60_000;

const ReportFile = z.object({
  faults: z.array(z.object({ name: z.string(), count: z.number() })),
  missing: z.record(z.string(), z.string()),
  violations: z.array(z.unknown()),
});

test('a cluster that is hurt in every way there is loses nothing, doubles nothing and heals', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'oio-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.json');
  const lines: string[] = [];

  const child = await startChild({
    command: process.execPath,
    parameters: [MAIN, '--json', file],
    onLine: (line) => {
      lines.push(line);
      console.log(line);
    },
  });
  onTestFinished(async () => void (await child.stop({ signals: ['SIGTERM'], deadlineMs: STOP_MS })));
  const { code } = await child.exited;

  expect(code, lines.join('\n')).toBe(0);
  const { faults, missing, violations } = ReportFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(violations).toEqual([]);
  const had = [...faults.map(({ name }) => name), ...Object.keys(missing)];
  expect(had.toSorted()).toEqual(FAULTS.map(({ name }) => name).toSorted());
});
