/**
 * `npm run console:gates`: whether the console keeps its targets (frames, age of what is painted, memory) on this machine.
 *
 * A real nats-server, Postgres, node and gateway, a publisher beside them and a real Chromium. Each scene is run several
 * times, in turn with the others, and each time beside an empty page under the same load: what that one cannot do is the
 * machine's. The console is built first where it is not.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BUSY_FROM, describeMachine, loadAverage, ProcessorWatch } from '../machine.ts';
import { type ConsoleStage, startConsoleStage } from './console-stage.ts';
import { type Finding, find, holds, SCENES, type Scene, toLine } from './gates.ts';
import { changeScreens, soak } from './heap-soak.ts';
import { type Frames, meter } from './page-meter.ts';

const HELP = `npm run console:gates -- [flags]

  --runs N       of each scene, the median counts (3)
  --seconds N    length of a run, after a warm-up of 3 s (10)
  --minutes N    of the soak at 20,000 events a second; 15 are an hour at 5,000 (15); 0: none
  --changes N    of screen, for what a page may keep (200); 0: none
  --json FILE    writes everything measured

Exit codes: 0 every target holds · 1 one does not · 2 wrong flags · 3 could not be measured
`;
const WARM_UP_MS = 3_000;
const SOAK_PER_SECOND = 20_000;
const CALM_PER_SECOND = 1_000;

interface Wish {
  readonly runs: number;
  readonly seconds: number;
  readonly minutes: number;
  readonly changes: number;
}

const wish = readFlags();
if (wish) process.exitCode = await run(wish.numbers, wish.json).catch(fail);

function readFlags(): { numbers: Wish; json: string | undefined } | null {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      minutes: { type: 'string', default: '15' },
      changes: { type: 'string', default: '200' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [runs = 0, seconds = 0, minutes = -1, changes = -1] = [
    ...[values.runs, values.seconds, values.minutes, values.changes],
  ].map(Number);
  if (!values.help && runs >= 1 && seconds > 0 && minutes >= 0 && changes >= 0)
    return { numbers: { runs, seconds, minutes, changes }, json: values.json };
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
  return null;
}

async function run(numbers: Wish, json: string | undefined): Promise<number> {
  const watch = new ProcessorWatch();
  const stage = await startConsoleStage();
  const findings: Finding[] = [];
  const tell = (found: readonly Finding[]) => {
    findings.push(...found);
    for (const one of found) say(toLine(one));
  };
  try {
    const scenes = await runScenes(stage, numbers);
    for (const [scene, runs] of scenes) tell(find(scene, runs));
    if (numbers.changes > 0) tell(await runChanges(stage, numbers.changes));
    if (numbers.minutes > 0) tell(await runSoak(stage, numbers.minutes));
    const others = watch.othersShare();
    const busy = others === null ? 'an unknown share' : `${Math.round(others * 100)} %`;
    say(`others used ${busy} of the machine, load ${loadAverage().toFixed(1)}`);
    if ((others ?? 0) > BUSY_FROM) say('the machine was busy: these figures are worse than the console is');
    if (json) {
      const report = { machine: describeMachine(), wish: numbers, others, findings, runs: [...scenes] };
      await writeFile(json, JSON.stringify(report, null, 2));
    }
    const broken = findings.filter((one) => !holds(one));
    say(broken.length === 0 ? 'all targets hold' : `${broken.length} of the targets do not hold`);
    return broken.length === 0 ? 0 : 1;
  } finally {
    await stage.stop();
  }
}

/** In turn, so that what others do on the machine falls on all alike. */
async function runScenes(
  stage: ConsoleStage,
  { runs, seconds }: Wish,
): Promise<Map<Scene, { shown: Frames; empty: Frames }[]>> {
  const found = new Map(SCENES.map((scene) => [scene, [] as { shown: Frames; empty: Frames }[]]));
  for (let at = 0; at < runs; at++) {
    for (const [scene, measured] of found) {
      const empty = await look(stage, { ...scene, path: null }, seconds);
      measured.push({ shown: await look(stage, scene, seconds), empty });
    }
  }
  return found;
}

/** Null: an empty page. */
type Sight = Pick<Scene, 'perSecond' | 'slower'> & { readonly path: string | null };

async function look(
  stage: ConsoleStage,
  { path, perSecond, slower }: Sight,
  seconds: number,
): Promise<Frames> {
  const { page } = stage;
  stage.publish(perSecond);
  await open(stage, path);
  const protocol = await page.context().newCDPSession(page);
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await sleep(WARM_UP_MS);
  const frames = await meter(page, () => sleep(seconds * 1_000));
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await protocol.detach();
  return frames;
}

async function open({ page, url }: ConsoleStage, path: string | null): Promise<void> {
  if (path === null) {
    await page.goto('about:blank');
    return;
  }
  await page.goto(`${url}${path}`);
  await page.locator('[data-lamp]', { hasText: /LIVE|SAMPLED/ }).waitFor();
  if (path === '/traffic') await page.locator('.tail .row').first().waitFor();
}

async function runChanges(stage: ConsoleStage, changes: number): Promise<Finding[]> {
  stage.publish(CALM_PER_SECOND);
  await open(stage, '/');
  return changeScreens(stage.page, changes);
}

async function runSoak(stage: ConsoleStage, minutes: number): Promise<Finding[]> {
  stage.publish(SOAK_PER_SECOND);
  await open(stage, '/traffic');
  return soak({
    page: stage.page,
    minutes,
    perSecond: SOAK_PER_SECOND,
    onReading: ({ atMinutes, heapMb, nodes, listeners }) =>
      say(`${atMinutes.toFixed(1)} min: ${heapMb.toFixed(2)} MB, ${nodes} nodes, ${listeners} listeners`),
  });
}

function fail(error: unknown): number {
  process.stderr.write(`could not be measured: ${error instanceof Error ? error.message : String(error)}\n`);
  return 3;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
