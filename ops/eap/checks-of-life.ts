/** What every agent must do when lines break and processes come and go; and what holds of all that it said. */
import { newHead } from '#actors/remote/sdk/head.ts';
import { LEASE_REPLACED } from '#protocols/eap/message.ts';
import type { Check } from './checks.ts';
import { agreeable, assignment } from './orchestrator.ts';
import { demand, NotShown, type Stage } from './stage.ts';

const TASK_WITHIN_MS = 40_000;
const END_WITHIN_MS = 20_000;

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
  await stage.tell({ ...newHead(), kind: 'lease_lost', reason: 'nothing heard of you' });
  const from = orchestrator.of(task).length;
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
  const { orchestrator } = stage;
  const task = stage.newTask();
  await stage.tell(assignment(task, 'wait'));
  const before = stage.instance();
  for (const running of stage.processes()) {
    stage.signal(running, 'SIGKILL');
    await running.exited;
  }
  await stage.join();
  const last = orchestrator.once('register').at(-1);
  demand(last?.instance !== before, 'the new process bears the name of the old one');
  const names = (last?.resume ?? []).map(({ taskId }) => taskId);
  demand(
    names.every((name) => name === task),
    `it claims ${names.join(' ')}`,
  );
  const fresh = stage.newTask();
  demand((await stage.tell(assignment(fresh, 'finish'))).accepted, 'the new process refuses its first task');
  await resultOf(stage, fresh);
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
  const said = stage.orchestrator.heard.map((one) => one.said);
  const told = said.filter((one) => one.kind === 'result' || (one.kind === 'progress' && one.usage));
  const most = new Map<string, number>();
  for (const one of told) {
    if (one.kind !== 'result' && one.kind !== 'progress') continue;
    const key = `${one.taskId} ${one.attempt}`;
    const tokens = (one.usage?.tokens_in ?? 0) + (one.usage?.tokens_out ?? 0);
    // An attempt that was given up may be told without what it has used.
    if (one.kind === 'result' && !one.result.success) continue;
    demand(tokens >= (most.get(key) ?? 0), `the usage of ${key} went down to ${tokens}`);
    most.set(key, tokens);
  }
  if ([...most.values()].every((tokens) => tokens === 0)) throw new NotShown('it tells no usage');
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
