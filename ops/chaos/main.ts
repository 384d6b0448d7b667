/** `npm run chaos`: see `options.ts`. Ends all that it started, also on Ctrl-C and when its parent is gone. */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { reasonOf } from '../dev/start-failure.ts';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { buildReport, formatReport, type Report } from './report.ts';
import { runChaos } from './run.ts';
import { openStage, type Stage } from './stage.ts';

const EXIT = { kept: 0, violated: 1, usage: 2, notATest: 3, notStarted: 4, interrupted: 130 } as const;
const VIOLATIONS_SHOWN = 30;
const ORPHAN_LOOK_MS = 1_000;

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(reasonOf(error));
    process.exit(EXIT.usage);
  }
}

function chooseFaults(only: readonly string[] | undefined): readonly Fault[] {
  const unknown = (only ?? []).filter((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown.length > 0) {
    console.error(`--only: there is no ${unknown.join(', ')}; --list shows all`);
    process.exit(EXIT.usage);
  }
  return only ? FAULTS.filter(({ name }) => only.includes(name)) : FAULTS;
}

const beganMs = performance.now();
function tell(what: string): void {
  console.log(`${((performance.now() - beganMs) / 1_000).toFixed(1).padStart(7)} s  ${what}`);
}

function showViolations(report: Report, folder: string): void {
  console.log(`\n${report.violations.length} violations:`);
  for (const { kind, text } of report.violations.slice(0, VIOLATIONS_SHOWN))
    console.log(`  ${kind}: ${text}`);
  console.log(`the evidence (history, logs) is kept in ${folder}`);
}

function exitCodeOf({ violations, notATest }: Report): number {
  if (violations.length > 0) return EXIT.violated;
  return notATest.length > 0 ? EXIT.notATest : EXIT.kept;
}

const options = readOptions();
if (options.help) {
  console.log(HELP);
  process.exit(EXIT.kept);
}
if (options.list) {
  for (const { name, what, measured } of FAULTS) console.log(`${name}\n  ${what}\n  measured: ${measured}`);
  process.exit(EXIT.kept);
}
const faults = chooseFaults(options.only);
const seed = options.seed ?? randomInt(2 ** 31);
tell(`seed ${seed}, ${faults.length} kinds of fault`);

let stage: Stage | null = null;
const interrupted = new AbortController();
function interrupt(why: string): void {
  if (interrupted.signal.aborted) return;
  interrupted.abort();
  tell(`${why}: ending everything`);
  // One that is being opened ends itself.
  void stage?.stop(options.keep).finally(() => process.exit(EXIT.interrupted));
}
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
const parent = process.ppid;
setInterval(() => process.ppid !== parent && interrupt('the parent process is gone'), ORPHAN_LOOK_MS).unref();

try {
  stage = await openStage(tell, interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) process.exit(EXIT.interrupted);
  console.error(`the system could not be started: ${reasonOf(error)}`);
  process.exit(EXIT.notStarted);
}
tell(`in ${stage.folder}`);
let isKept = true;
try {
  const minutes = options.minutes ?? null;
  const result = await runChaos(stage, { seed, faults, minutes, tell, signal: interrupted.signal });
  const report = buildReport(result, seed);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\n${formatReport(report)}`);
  for (const reason of report.notATest) console.log(`not a test: ${reason}`);
  if (report.violations.length > 0) showViolations(report, stage.folder);
  process.exitCode = exitCodeOf(report);
  isKept = options.keep || report.violations.length > 0;
} catch (error) {
  // What is ended in its middle says nothing.
  if (!interrupted.signal.aborted) {
    console.error(error);
    console.log(`the folder is kept: ${stage.folder}`);
  }
  process.exitCode = EXIT.violated;
} finally {
  await stage.stop(isKept);
}
if (interrupted.signal.aborted) process.exitCode = EXIT.interrupted;
// Given undefined it would forget the code that is set.
process.exit();
