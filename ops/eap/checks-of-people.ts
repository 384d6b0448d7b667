/** What an agent must do with the answers of people, and with what they say to it. An agent need not ask anybody. */
import { newHead } from '#actors/remote/sdk/head.ts';
import type { AgentOut } from '#protocols/eap/message.ts';
import type { Check } from './checks.ts';
import { assignment, cancellation, waitingForPeople } from './orchestrator.ts';
import { CheckFailed, demand, type Stage, skipUnless } from './stage.ts';

type Asked = Extract<AgentOut, { kind: 'permission.request' }>;

const ASKS_WITHIN_MS = 20_000;
const TASK_WITHIN_MS = 40_000;
const HEARS_WITHIN_MS = 10_000;
const AGAIN_MS = 250;

export const CHECKS_OF_PEOPLE: readonly Check[] = [
  {
    id: 'C16',
    title: 'brings two decisions that come in the reverse order to the right requests',
    run: takesDecisions,
  },
  {
    id: 'C17',
    title: 'takes a request that nobody answered in time as rejected, and goes on',
    run: takesExpiry,
  },
  {
    id: 'C31',
    title: 'takes what is said to it while it works, where its card says so, and refuses it elsewhere',
    run: answersSteering,
  },
];

async function takesDecisions(stage: Stage): Promise<void> {
  const { task, asked } = await letAsk(stage);
  // The last that was asked is answered first, and allowed; the others are not.
  const [allowed, ...rejected] = asked.toReversed();
  demand(allowed !== undefined, 'it asked');
  await decide(stage, allowed, { outcome: 'selected', optionId: 'once', optionKind: 'allow_once' });
  for (const one of rejected) {
    await decide(stage, one, { outcome: 'selected', optionId: 'reject', optionKind: 'reject_once' });
  }
  await resultOf(stage, task);
  const summary = successOf(stage, task);
  demand(
    summary.includes(allowed.subject.title),
    `allowed was ${allowed.subject.title}, its summary is ${summary}`,
  );
  const mixed = rejected.find(({ subject }) => summary.includes(subject.title));
  demand(mixed === undefined, `rejected was ${mixed?.subject.title}, its summary is ${summary}`);
}

async function takesExpiry(stage: Stage): Promise<void> {
  const { task, asked } = await letAsk(stage);
  for (const one of asked) await decide(stage, one, { outcome: 'expired', optionId: null, optionKind: null });
  await resultOf(stage, task);
  const summary = successOf(stage, task);
  const done = asked.find(({ subject }) => summary.includes(subject.title));
  demand(done === undefined, `nobody allowed ${done?.subject.title}, its summary is ${summary}`);
}

/** It goes on, whatever was rejected. */
function successOf(stage: Stage, task: string): string {
  const { success = false, summary = '' } = stage.orchestrator.once('result', task)[0]?.result ?? {};
  demand(success, `the task failed: ${summary}`);
  return summary;
}

/** A task that asks, and what it asked. */
async function letAsk(stage: Stage): Promise<{ readonly task: string; readonly asked: readonly Asked[] }> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  orchestrator.script = waitingForPeople;
  await stage.tell(assignment(task, 'ask'));
  const asked = () => orchestrator.once('permission.request', task);
  const isOver = () => orchestrator.once('result', task).length > 0;
  await stage.until(
    'it asks, or ends',
    () => asked().length > 0 || isOver(),
    ASKS_WITHIN_MS + TASK_WITHIN_MS,
  );
  if (asked().length === 0) {
    skipUnless(stage, 'permission', 'it asks nobody');
    throw new CheckFailed('it asks nobody, and its card says that it does');
  }
  const byRequest = () => new Map(asked().map((one) => [one.requestId, one]));
  await stage.until('it asks for a second one beside the first', () => byRequest().size > 1, ASKS_WITHIN_MS);
  return { task, asked: [...byRequest().values()] };
}

async function decide(
  stage: Stage,
  { taskId, attempt, requestId }: Asked,
  decision: {
    readonly outcome: string;
    readonly optionId: string | null;
    readonly optionKind: string | null;
  },
): Promise<void> {
  const told = {
    ...newHead(),
    kind: 'permission.decision',
    taskId,
    attempt,
    requestId,
    by: 'user:kit',
    note: null,
  };
  const answer = await stage.tell({ ...told, ...decision });
  demand(answer.accepted, `it refused a decision: ${JSON.stringify(answer)}`);
  const again = await stage.tell({ ...told, ...decision });
  demand(again.accepted, 'it answered the same decision otherwise the second time');
}

async function answersSteering(stage: Stage): Promise<void> {
  const task = stage.newTask();
  await stage.tell(assignment(task, 'wait'));
  const taken: ('steer' | 'interrupt')[] = [];
  for (const delivery of ['steer', 'interrupt'] as const) {
    const isTaken = await say(stage, task, delivery);
    const card = stage.supports(delivery) ? 'says' : 'does not say';
    demand(
      isTaken === stage.supports(delivery),
      `its card ${card} \`supports.${delivery}\`, and it ${isTaken ? 'took' : 'refused'} such a word`,
    );
    if (isTaken) taken.push(delivery);
  }
  await stage.tell(cancellation(task, 5));
  await resultOf(stage, task);
  if (taken.length === 0) skipUnless(stage, 'steer', 'it refused what was said to it, as it must');
}

/** Whether it takes a word. One whose card says so may need a moment until its work can hear any. */
async function say(stage: Stage, taskId: string, delivery: 'steer' | 'interrupt'): Promise<boolean> {
  const word = { taskId, attempt: 1, message: 'Be brief.', delivery, by: 'user:kit' };
  const deadline = Date.now() + (stage.supports(delivery) ? HEARS_WITHIN_MS : 0);
  for (;;) {
    const { accepted } = await stage.tell({ ...newHead(), kind: 'steer', ...word });
    if (accepted || Date.now() > deadline) return accepted;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function resultOf(stage: Stage, task: string): Promise<void> {
  const isTold = () => stage.orchestrator.once('result', task).length > 0;
  await stage.until(`the result of ${task}`, isTold, TASK_WITHIN_MS);
}
