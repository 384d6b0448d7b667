/**
 * `npm run demo`: a whole coding session on a small real project, from the task to the passing tests.
 *
 * Exit code 0 only if the tests failed before, the session completed with at least two tasks side by side, and the
 * tests pass on the merged result.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SessionView } from '#protocols/http/session.ts';
import type { TaskView } from '#protocols/http/task.ts';
import { buildLineView, buildTerminalView } from '../cli/session-view.ts';
import { reasonOf } from '../dev/start-failure.ts';
import { type Api, buildApi } from './api.ts';
import { MODEL_NAME } from './model/provider.ts';
import { diffOf, makeRepository, runTests } from './repository.ts';
import { startSystem } from './system.ts';

const HELP = `npm run demo [-- options]

Makes a git repository from a small project with failing tests, has a session fix it, and shows the result.

  --model provider/model  a real model, its key in the environment (default: a scripted one on loopback)
  --url URL               use the orchestrator that runs there, with its own agents and their model
  --nodes N               runtime nodes to start (default 1)
  --keep                  leave the repository and the logs' folder in place
  --help                  this text

Exit codes: 0 all done and the tests pass · 1 not so · 2 wrong usage · 130 interrupted`;

const ENDED: ReadonlySet<SessionView['state']> = new Set([
  'completed',
  'partially_completed',
  'failed',
  'timeout',
  'stopped',
  'cancelled',
  'orphaned',
]);
const POLL_MS = 250;
const SESSION_SECONDS = 900;

interface Options {
  readonly model: string | null;
  readonly url: string | null;
  readonly nodes: number;
  readonly keep: boolean;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        model: { type: 'string' },
        url: { type: 'string' },
        nodes: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(HELP);
      process.exit(0);
    }
    const nodes = Number(values.nodes);
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > 8)
      throw new Error('--nodes takes a number from 1 to 8');
    if (values.model !== undefined && !/^[^\s/]+\/\S+$/.test(values.model)) {
      throw new Error('--model takes provider/model, as in anthropic/claude-sonnet-4-5');
    }
    return { model: values.model ?? null, url: values.url ?? null, nodes, keep: values.keep };
  } catch (error) {
    console.error(`${reasonOf(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

const say = (line = '') => console.log(line);

/** Runs a session on `repository` and watches it to its end. */
async function work(
  api: Api,
  job: { repository: string; options: Options; signal: AbortSignal },
): Promise<{ session: SessionView; widest: number; tasks: TaskView[] }> {
  const { repository, options, signal } = job;
  const created = await api.createSession({
    title: 'Make the tests pass and add the missing function of the CRUD store',
    initial_prompt:
      'The tests of this note store fail: create, read and update each have a bug, and delete was never written. ' +
      'Make the tests pass and add the missing function. Leave the tests that are there as they are.',
    template: 'crud',
    max_duration_seconds: SESSION_SECONDS,
    workspace: { repo: repository, base_ref: 'main' },
    ...(options.model === null ? {} : { model: options.model }),
  });
  await api.startSession(created.id);
  const out = process.stdout;
  const view = out.isTTY ? buildTerminalView(out) : buildLineView((line) => out.write(line));
  let widest = 0;
  for (;;) {
    signal.throwIfAborted();
    const session = await api.session(created.id);
    const tasks = await api.tasks(created.id);
    widest = Math.max(widest, tasks.filter((task) => task.state === 'in_progress').length);
    view.draw(session, inOrder(session, tasks));
    if (ENDED.has(session.state)) {
      view.end();
      return { session, widest, tasks: inOrder(session, tasks) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function inOrder(session: SessionView, tasks: readonly TaskView[]): TaskView[] {
  const place = new Map(session.tasks.map((task, index) => [task.id, index]));
  return [...tasks].sort((a, b) => (place.get(a.id) ?? 0) - (place.get(b.id) ?? 0));
}

/** Shows what came of it; true if it is what was promised. */
async function showResult(repository: string, outcome: Awaited<ReturnType<typeof work>>): Promise<boolean> {
  const { session, widest, tasks } = outcome;
  const branch = session.result?.branches.at(-1);
  if (session.state !== 'completed' || branch === undefined) {
    say(
      `\nThe session ended as ${session.state}: ${session.error ?? session.state_reason ?? 'no reason given'}`,
    );
    for (const task of tasks) if (task.error) say(`  ${task.title}: ${task.error}`);
    return false;
  }
  const { stat, patch } = await diffOf(repository, branch);
  say(`\nThe merged result, on branch ${branch}:\n\n${patch}\n${stat}`);
  const after = await runTests(repository, branch);
  const { metrics } = session;
  say(`tests on the merged result: ${after.passed ? 'PASS' : 'FAIL'} (${after.summary})`);
  say(`tasks: ${tasks.length}, at most ${widest} side by side`);
  say(
    `tokens: ${metrics.tokens_in} in, ${metrics.tokens_out} out · cost ${metrics.cost_usd.toFixed(4)} USD · ${metrics.total_seconds} s`,
  );
  if (widest < 2) say('No two tasks were seen side by side.');
  return after.passed && widest >= 2;
}

interface Place {
  readonly folder: string;
  readonly logFile: string;
  readonly signal: AbortSignal;
  /** Takes what must be ended, whatever comes. */
  onEnd(end: () => Promise<void>): void;
}

async function demo(options: Options, place: Place): Promise<boolean> {
  const repository = await makeRepository(place.folder);
  const before = await runTests(repository, 'main');
  say(`repository: ${repository}`);
  say(`tests before: ${before.passed ? 'PASS' : 'FAIL'} (${before.summary})`);
  if (before.passed) {
    say('They should fail: there is nothing to do.');
    return false;
  }
  const url = options.url ?? (await startPrivately(options, place));
  say(`model: ${nameModel(options)}`);
  say(`console: ${url}\n`);
  const outcome = await work(buildApi(url), { repository, options, signal: place.signal });
  return showResult(repository, outcome);
}

async function startPrivately(options: Options, place: Place): Promise<string> {
  say('starting a private system: nats-server, Postgres, runtime, gateway, opencode agent …');
  const log = createWriteStream(place.logFile);
  const system = await startSystem({
    dataDir: join(place.folder, 'data'),
    nodes: options.nodes,
    model: options.model,
    signal: place.signal,
    onLog: (line) => log.write(line),
  });
  place.onEnd(system.stop);
  return system.url;
}

function nameModel(options: Options): string {
  if (options.model !== null) return options.model;
  if (options.url !== null) return "the one of the orchestrator's agents";
  return `${MODEL_NAME}, a SCRIPTED stand-in on loopback without intelligence; opencode really executes its tool calls`;
}

const options = readOptions();
const folder = await mkdtemp(join(tmpdir(), 'oio-demo-'));
const logFile = join(folder, 'system.log');
const interrupted = new AbortController();
const ends: (() => Promise<void>)[] = [];
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interrupted.signal.aborted) say('\nstopping …');
    interrupted.abort();
  });
}
let isDone = false;
try {
  const place = {
    folder,
    logFile,
    signal: interrupted.signal,
    onEnd: (end: () => Promise<void>) => ends.push(end),
  };
  isDone = await demo(options, place);
} catch (error) {
  if (!interrupted.signal.aborted) console.error(reasonOf(error));
}
for (const end of ends) await end();
if (options.keep) say(`kept: ${folder}`);
else if (isDone || interrupted.signal.aborted) await rm(folder, { recursive: true, force: true });
else say(`repository and log are left in ${folder}`);
process.exit(interrupted.signal.aborted ? 130 : isDone ? 0 : 1);
