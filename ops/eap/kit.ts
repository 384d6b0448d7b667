/** Runs the checks on one agent. A check that fails does not keep the others from being run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECKS, type Check } from './checks.ts';
import { CHECKS_OF_ALL, CHECKS_OF_LIFE } from './checks-of-life.ts';
import { CHECKS_OF_PEOPLE } from './checks-of-people.ts';
import { CheckFailed, Skipped, Stage, type Subject } from './stage.ts';

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** What is wrong, or why it was skipped. */
  readonly detail: string | null;
  readonly ms: number;
}

export interface Report {
  readonly agent: string;
  readonly transport: string;
  readonly passed: boolean;
  readonly results: readonly Result[];
  /** The end of what the agent wrote, where a check failed. */
  readonly output: string | null;
}

export const ALL_CHECKS: readonly Check[] = [
  ...CHECKS,
  ...CHECKS_OF_PEOPLE,
  ...CHECKS_OF_LIFE,
  ...CHECKS_OF_ALL,
];

export interface KitRun {
  /** Names of checks; the first one, by which the agent joins, is always run. */
  readonly only?: ReadonlySet<string>;
  /** The part of its time that each wait is given. */
  readonly patience?: number;
  readonly onResult?: (result: Result) => void;
}

export async function runKit(subject: Subject, options: KitRun = {}): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'oio-conformance-'));
  const { patience = 1 } = options;
  const stage = new Stage(subject, { folder, patience });
  const results: Result[] = [];
  try {
    await stage.open();
    const wanted = ALL_CHECKS.filter((check, at) => at === 0 || (options.only?.has(check.id) ?? true));
    for (const check of wanted) {
      const result = await runCheck(stage, check);
      results.push(result);
      options.onResult?.(result);
      // Without an agent there is nothing to look at.
      if (check === ALL_CHECKS[0] && result.status === 'failed') break;
    }
  } finally {
    await stage.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  const passed = results.every(({ status }) => status !== 'failed');
  const { name: agent, transport } = subject;
  return { agent, transport, passed, results, output: passed ? null : stage.output };
}

async function runCheck(stage: Stage, check: Check): Promise<Result> {
  const { id, title } = check;
  const startedMs = Date.now();
  const settle = (status: Result['status'], detail: string | null): Result => {
    return { id, title, status, detail, ms: Date.now() - startedMs };
  };
  stage.reset();
  try {
    await check.run(stage);
    return settle('passed', null);
  } catch (error) {
    if (error instanceof Skipped) return settle('skipped', error.message);
    if (error instanceof CheckFailed) return settle('failed', error.message);
    // An answer that cannot be read, or none: the agent's fault as well.
    return settle('failed', error instanceof Error ? error.message : String(error));
  }
}
