/**
 * `npm run bench`: this runtime beside raw baselines on the same servers in the same run.
 *
 * Each benchmark is prepared, warmed up, and run at least three times; the median stands in the table, all runs in the
 * JSON. Beside each figure stands the share of the machine that others used: on a busy one it is worthless.
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACTIVE_SESSIONS } from './active.ts';
import { ACTOR_BENCHES } from './actors.ts';
import { AGENTS_BENCH } from './agents.ts';
import { ASKS } from './asks.ts';
import * as baselines from './baselines.ts';
import type { Bench } from './bench.ts';
import { JOIN } from './join.ts';
import { LISTS } from './lists.ts';
import { BUSY_FROM, describeMachine, loadAverage, ProcessorWatch } from './machine.ts';
import { measure } from './measure.ts';
import { MEMORY_BENCHES } from './memory.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { PEERS } from './peers.ts';
import { formatHead, formatRow, type Report } from './report.ts';
import { SESSIONS } from './sessions.ts';
import { Stage } from './stage.ts';
import { TAKEOVERS } from './takeover.ts';
import { LOCAL_TELL, RING, SPREADING } from './tells.ts';

const EXIT = { ok: 0, failed: 1, usage: 2, busy: 3 } as const;
const LOOK_MS = 2_000;

const OURS: readonly Bench[] = [
  ...Object.values(baselines).filter((part) => typeof part !== 'function'),
  LOCAL_TELL,
  RING,
  SPREADING,
  ...ASKS,
  ...ACTOR_BENCHES,
  ...MEMORY_BENCHES,
  ...TAKEOVERS,
  JOIN,
  SESSIONS,
  LISTS,
  ACTIVE_SESSIONS,
  AGENTS_BENCH,
];

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (options.help) return say(HELP);
  const known = [...OURS, ...PEERS];
  if (options.list) return say(known.map(describe).join('\n'));
  const unknown = options.only?.filter((name) => !known.some((bench) => bench.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(
      `there is no ${unknown.join(', ')}; there are ${known.map((bench) => bench.name).join(', ')}`,
    );
    return EXIT.usage;
  }
  const watch = new ProcessorWatch();
  await sleep(LOOK_MS);
  const share = watch.othersShare();
  if (share !== null && share > BUSY_FROM) {
    const text = `Others use ${Math.round(share * 100)} % of this machine: figures will be worthless.`;
    console.error(`\n  !!! ${text} !!!\n`);
    if (options.strict) return EXIT.busy;
  }
  const wanted = options.only ?? [];
  const chosen = options.only
    ? known.filter((bench) => wanted.includes(bench.name))
    : [...OURS, ...(options.peers ? PEERS : [])].filter((bench) => !bench.isLong);
  return run(chosen, options, watch);
}

function say(text: string): number {
  console.log(text);
  return EXIT.ok;
}

function describe(bench: Bench): string {
  return `${bench.name.padEnd(20)} ${bench.isLong ? '(long, only when named) ' : ''}${bench.what}`;
}

async function run(benches: readonly Bench[], options: Options, watch: ProcessorWatch): Promise<number> {
  const stage = await Stage.open({ seconds: options.seconds, profile: options.profile });
  try {
    const head = await describeRun(stage, options);
    console.log(formatHead(head));
    const figures: Report['figures'][number][] = [];
    const failed: Report['failed'][number][] = [];
    for (const bench of benches) {
      try {
        const measured = await measure(bench, stage, { runs: options.runs, watch });
        for (const figure of measured) console.log(formatRow(figure));
        figures.push(...measured);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        console.log(`${bench.name.padEnd(20)} FAILED: ${text}`);
        failed.push({ bench: bench.name, error: text });
      }
    }
    const report: Report = { ...head, loadAverageAfter: loadAverage(), figures, failed };
    if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    return failed.length > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    await stage.stop();
  }
}

async function describeRun(stage: Stage, { seconds, runs }: Options) {
  const [row] = await stage.sql<{ version: string }[]>`SELECT current_setting('server_version') AS version`;
  return {
    at: new Date().toISOString(),
    machine: describeMachine(),
    versions: {
      node: process.version,
      'nats-server': stage.connection.info?.version ?? 'unknown',
      postgres: row?.version ?? 'unknown',
    },
    method: `After a warm-up, ${runs} runs of ${seconds} s each, median; everything runs on this one machine.`,
    loadAverageBefore: loadAverage(),
  };
}
