/** What every agent must do when lines break and processes come and go; and what holds of all that it said. */
import { newHead } from '#actors/remote/sdk/head.ts';
import { LEASE_REPLACED } from '#protocols/eap/message.ts';
import type { Check } from './checks.ts';
import { agreeable, assignment, cancellation, registeredOf } from './orchestrator.ts';
import { CheckFailed, demand, type Stage, skipUnless } from './stage.ts';

const TASK_WITHIN_MS = 40_000;
const KILLS_MAX = 3;
const END_WITHIN_MS = 20_000;
const FIGURES = ['tokens_in', 'tokens_out', 'cost_usd'] as const;
type Usage = Readonly<Record<(typeof FIGURES)[number], number>>;

/** Each leaves a process that has joined, but for the last. */
export const CHECKS_OF_LIFE: readonly Check[] = [
  {
    id: 'C14',
    title: 'comes back after the server was away, and loses nothing of what it works on',
    run: outlivesServer,
  },
  { id: 'C15', title: 'repeats what it says while the orchestrator is away', run: outlivesOrchestrator },
  {
    id: 'lease',
    title: 'ends its attempts without a word when its lease is lost, and registers again',
    run: losesLease,
  },
  {
    id: 'C13',
    title: 'is another process after kill -9, and claims nothing that it does not work on',
    run: isKilled,
  },
  {
    id: 'resume',
    title:
      'what it claims after kill -9 it brings to its one end, and of what it may not keep it says nothing',
    run: resumes,
  },
  { id: 'C35', title: 'ends when another process of its name has registered', run: isReplaced },
  {
    id: 'C27',
    title: 'told to end (SIGTERM) it takes nothing new, finishes what it has, and takes leave',
    run: drains,
  },
];

/** Of everything that was heard. */
export const CHECKS_OF_ALL: readonly Check[] = [
  { id: 'C23', title: 'stays within its permissions', run: staysWithin },
  { id: 'C28', title: 'tells usage of the attempt that never goes down', run: usageGrows },
  { id: 'C30', title: 'says none of its secrets', run: keepsSecrets },
  { id: 'shape', title: 'says nothing but messages of EAP 2.0', run: isReadable },
];

async function resultOf(stage: Stage, task: string): Promise<void> {
  const isTold = () => stage.orchestrator.once('result', task).length > 0;
  await stage.until(`the result of ${task}`, isTold, TASK_WITHIN_MS);
  demand(stage.orchestrator.once('result', task).length === 1, `${task} has more than one result`);
}

async function outlivesServer(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  const before = orchestrator.once('register').length;
  await stage.tell(assignment(task, 'slow'));
  await stage.line.restart();
  await resultOf(stage, task);
  await stage.until('it registers again', () => orchestrator.once('register').length > before);
  const again = stage.newTask();
  await stage.tell(assignment(again, 'finish'));
  await resultOf(stage, again);
}

async function outlivesOrchestrator(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  let isAway = true;
  orchestrator.script = (said, time) => (isAway ? null : agreeable(said, time));
  await stage.tell(assignment(task, 'finish'));
  await stage.until('it says something', () => orchestrator.of(task).length > 0, TASK_WITHIN_MS);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  isAway = false;
  const firstResult = orchestrator.of(task).findIndex(({ said }) => said.kind === 'result');
  await stage.until(
    'its result is said once more',
    () =>
      orchestrator
        .of(task)
        .slice(firstResult + 1)
        .some(({ said }) => said.kind === 'result'),
    TASK_WITHIN_MS,
  );
  await resultOf(stage, task);
}

async function losesLease(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  const before = orchestrator.once('register').length;
  await stage.tell(assignment(task, 'wait'));
  const from = orchestrator.of(task).length;
  await stage.tell({ ...newHead(), kind: 'lease_lost', reason: 'nothing heard of you' });
  const isBack = () => orchestrator.once('register').length > before;
  await stage.until('it registers again', isBack, 20_000);
  const claimed = orchestrator.once('register').at(-1)?.resume ?? [];
  demand(claimed.length === 0, 'it claims an attempt that it has lost');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const late = orchestrator
    .of(task)
    .slice(from)
    .filter(({ said }) => said.kind === 'result');
  demand(late.length === 0, 'it told the result of an attempt that it has lost');
}

async function isKilled(stage: Stage): Promise<void> {
  const task = stage.newTask();
  await stage.tell(assignment(task, 'wait'));
  const before = stage.instance();
  const last = await killAndStart(stage);
  demand(last.instance !== before, 'the new process bears the name of the old one');
  const names = last.resume.map(({ taskId }) => taskId);
  demand(
    names.every((name) => name === task),
    `it claims ${names.join(' ')}`,
  );
  const fresh = stage.newTask();
  demand((await stage.tell(assignment(fresh, 'finish'))).accepted, 'the new process refuses its first task');
  await resultOf(stage, fresh);
  await stage.tell(cancellation(task, 5));
}

async function resumes(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const { task, claimed } = await killAtWork(stage);
  if (!claimed.some(({ taskId }) => taskId === task)) {
    skipUnless(stage, 'resume', 'it claims nothing, and another gets what it had begun');
    throw new CheckFailed('it does not claim what it had begun, and its card says that it goes on with it');
  }
  demand((await stage.tell(assignment(task, 'slow'))).accepted, 'it refuses what it claims');
  await resultOf(stage, task);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await resultOf(stage, task);
  const lost = stage.newTask();
  await begin(stage, lost);
  orchestrator.script = (said, time) =>
    said.kind === 'register'
      ? { ok: true, value: { ...registeredOf(said), adopt: [], drop: said.resume } }
      : agreeable(said, time);
  const from = orchestrator.of(lost).length;
  await killAndStart(stage);
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  demand(orchestrator.of(lost).length === from, 'it says something of an attempt that it may not keep');
}

/** On a busy machine it may have told its result before it was killed: then once more. */
async function killAtWork(stage: Stage) {
  for (let kills = 1; ; kills++) {
    const task = stage.newTask();
    await begin(stage, task);
    const { resume: claimed } = await killAndStart(stage);
    const isAtWork = stage.orchestrator.once('result', task).length === 0;
    if (isAtWork || kills === KILLS_MAX) return { task, claimed };
  }
}

/** Until it shows that it has begun; then a moment, so that its process dies in the middle of it. */
async function begin(stage: Stage, task: string): Promise<void> {
  await stage.tell(assignment(task, 'slow'));
  await stage.until('it begins', () => stage.orchestrator.of(task).length > 0, TASK_WITHIN_MS);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
}

/** The registration of a new process, in the folder of the one that was killed. */
async function killAndStart(stage: Stage) {
  const running = stage.processes();
  for (const one of running) {
    stage.signal(one, 'SIGKILL');
    await one.exited;
  }
  await stage.join(running.at(-1)?.workDir);
  const last = stage.orchestrator.once('register').at(-1);
  demand(last !== undefined, 'it registers');
  return last;
}

async function isReplaced(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const [old] = stage.processes();
  const instance = stage.instance();
  await stage.join();
  demand(stage.instance() !== instance, 'two processes bear one instance');
  const registered = orchestrator.once('register').length;
  await stage.tell({ ...newHead(), kind: 'lease_lost', reason: LEASE_REPLACED }, instance);
  await stage.until('the process that was replaced ends', () => old?.hasExited === true, END_WITHIN_MS);
  const others = orchestrator.once('register').slice(registered);
  demand(
    others.every((one) => one.instance !== instance),
    'the process that was replaced registered again',
  );
  const task = stage.newTask();
  await stage.tell(assignment(task, 'finish'));
  await resultOf(stage, task);
}

async function drains(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  await stage.tell(assignment(task, 'slow'));
  const [running] = stage.processes();
  demand(running !== undefined, 'no process of it runs');
  stage.signal(running, 'SIGTERM');
  await stage.until('it says that it drains', () => orchestrator.once('drain').length > 0);
  const refused = await stage.tell(assignment(stage.newTask(), 'finish'));
  demand(!refused.accepted && refused.reason === 'draining', `it answered ${JSON.stringify(refused)}`);
  await resultOf(stage, task);
  await stage.until('its process ends', () => running.hasExited, END_WITHIN_MS);
  const last = orchestrator.heard.at(-1)?.said;
  demand(last?.kind === 'deregister', `its last word is ${last?.kind}`);
  demand((await running.exited) === 0, `its exit code is ${await running.exited}`);
}

async function staysWithin(stage: Stage): Promise<void> {
  const violations = stage.line.violations();
  demand(violations.length === 0, `it tried what it may not: ${violations[0]}`);
}

async function usageGrows(stage: Stage): Promise<void> {
  const most = new Map<string, Usage>();
  for (const { said } of stage.orchestrator.heard) {
    if ((said.kind !== 'result' && said.kind !== 'progress') || !said.usage) continue;
    // An attempt that was given up may be told without what it has used.
    if (said.kind === 'result' && !said.result.success) continue;
    const key = `${said.taskId} ${said.attempt}`;
    const before = most.get(key) ?? { tokens_in: 0, tokens_out: 0, cost_usd: 0 };
    const fallen = FIGURES.find((figure) => (said.usage?.[figure] ?? 0) < before[figure]);
    demand(fallen === undefined, `${fallen} of ${key} went down from ${JSON.stringify(before)}`);
    most.set(key, said.usage);
  }
  if ([...most.values()].some((usage) => usage.tokens_in + usage.tokens_out > 0)) return;
  skipUnless(stage, 'usage', 'it tells none');
  throw new CheckFailed('it told no usage, and its card says that it does');
}

async function keepsSecrets(stage: Stage): Promise<void> {
  const secrets = [stage.secret, ...stage.line.secrets];
  const found = stage.orchestrator.texts.filter((text) => secrets.some((secret) => text.includes(secret)));
  demand(found.length === 0, `it said a secret: ${found[0]?.slice(0, 200)}`);
}

async function isReadable(stage: Stage): Promise<void> {
  const { faults } = stage.orchestrator;
  demand(faults.length === 0, `${faults.length} messages cannot be read: ${faults[0]}`);
}
