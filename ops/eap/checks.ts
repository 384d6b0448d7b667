/** What every agent must do, seen from outside: while one process of it runs. C-numbers are those of the plan of checks. */
import { createHash } from 'node:crypto';
import { newHead } from '#actors/remote/sdk/head.ts';
import { LIMITS } from '#protocols/limits.ts';
import {
  agreeable,
  assignment,
  cancellation,
  HEARTBEAT_SECONDS,
  readAnswer,
  refusal,
} from './orchestrator.ts';
import { CheckFailed, demand, Skipped, type Stage, skipUnless } from './stage.ts';

export interface Check {
  readonly id: string;
  readonly title: string;
  run(stage: Stage): Promise<void>;
}

const ANSWER_WITHIN_MS = 3_000;
const TASK_WITHIN_MS = 40_000;

export const CHECKS: readonly Check[] = [
  { id: 'C1', title: 'registers after its start, under the name that it was given', run: registers },
  {
    id: 'C2',
    title: 'repeats a message that is to be said later as it was, under the same id',
    run: repeatsRegistration,
  },
  { id: 'C3', title: 'beats as often as it is told, and says what it works on', run: beats },
  { id: 'C6', title: 'does an assignment that arrives three times once', run: worksOnce },
  { id: 'C7', title: 'answers at once, before it works', run: answersAtOnce },
  { id: 'C8', title: 'has one request of a task under way at a time', run: oneAtATime },
  {
    id: 'C9',
    title: 'refuses an older attempt, and says nothing more of one that is stale',
    run: knowsEpochs,
  },
  { id: 'C10', title: 'tells one result, repeated as it was until it is answered', run: oneResult },
  {
    id: 'C11',
    title: 'ends within its grace what is cancelled, and takes a cancel of what it does not know',
    run: cancels,
  },
  {
    id: 'C20',
    title: 'sends what is over 128 KiB in pieces that are whole together',
    run: artifactsAreWhole,
  },
  {
    id: 'C25',
    title: 'goes on after a kind that it does not know, and after what it cannot read',
    run: survivesNonsense,
  },
  { id: 'capacity', title: 'refuses what is past the capacity of its card', run: keepsCapacity },
];

async function finish(stage: Stage, wish: 'finish' | 'slow' | 'artifact' = 'finish'): Promise<string> {
  const task = stage.newTask();
  const answer = await stage.tell(assignment(task, wish));
  demand(answer.accepted, `the assignment was refused: ${JSON.stringify(answer)}`);
  await resultOf(stage, task);
  return task;
}

async function resultOf(stage: Stage, task: string) {
  const told = () => stage.orchestrator.once('result', task);
  await stage.until(`the result of ${task}`, () => told().length > 0, TASK_WITHIN_MS);
  return told()[0];
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function registers(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  await stage.join();
  const [first] = orchestrator.once('register');
  demand(first?.card.name === stage.agentName, `its card names ${first?.card.name}`);
  demand(first.resume.length === 0, 'a new process works on nothing yet');
  demand(orchestrator.faults.length === 0, `cannot be read: ${orchestrator.faults[0]}`);
  const listens = async () => (await stage.tell(cancellation('nobody', 1))).accepted;
  demand(await listens(), 'it cannot be told anything once it has registered');
}

async function repeatsRegistration(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const before = orchestrator.once('register').length;
  const later = 2;
  orchestrator.script = (said, time) =>
    said.kind === 'register' && time <= later ? refusal('NOT_READY', true) : agreeable(said, time);
  await stage.tell({ ...newHead(), kind: 'lease_lost', reason: 'the test asks for a new registration' });
  const said = () => orchestrator.heard.filter((one) => one.said.kind === 'register').slice(before);
  await stage.until('it registers a third time', () => said().length > later);
  const last = said().slice(-later - 1);
  demand(new Set(last.map(({ text }) => text)).size === 1, 'its repeats differ from what it said first');
}

async function beats(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  await stage.tell(assignment(task, 'wait'));
  const from = orchestrator.beats.length;
  const wanted = 4;
  await stage.until(
    'four heartbeats',
    () => orchestrator.beats.length >= from + wanted,
    5_000 * HEARTBEAT_SECONDS,
  );
  const seen = orchestrator.beats.slice(from);
  await stage.tell(cancellation(task, 5));
  demand(
    seen.every(({ beat }) => beat.instance === stage.instance()),
    'a heartbeat names another process',
  );
  const names = seen.at(-1)?.beat.running.map(({ taskId }) => taskId) ?? [];
  demand(names.includes(task), `the last heartbeat names ${names.join(' ')} and not ${task}`);
}

async function worksOnce(stage: Stage): Promise<void> {
  const task = stage.newTask();
  const first = assignment(task, 'finish');
  const again = { ...assignment(task, 'finish'), payload: first.payload };
  const answers = [await stage.tell(first), await stage.tell(first), await stage.tell(again)];
  demand(
    answers.every(({ accepted }) => accepted),
    `a repeat was answered otherwise: ${JSON.stringify(answers)}`,
  );
  await resultOf(stage, task);
  demand((await stage.tell(first)).accepted, 'a repeat after the end was answered otherwise');
  await pause(1_500);
  demand(stage.orchestrator.once('result', task).length === 1, 'it told more than one result');
}

async function answersAtOnce(stage: Stage): Promise<void> {
  const task = stage.newTask();
  const startedMs = Date.now();
  await stage.tell(assignment(task, 'slow'));
  const tookMs = Date.now() - startedMs;
  demand(tookMs <= ANSWER_WITHIN_MS, `it took ${tookMs} ms to answer`);
  demand(stage.orchestrator.once('result', task).length === 0, 'it worked before it answered');
  await resultOf(stage, task);
}

async function oneAtATime(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  orchestrator.openMost = 0;
  orchestrator.script = async (said, time) => {
    if ('taskId' in said) await pause(150);
    return agreeable(said, time);
  };
  await finish(stage, 'slow');
  demand(orchestrator.openMost <= 1, `${orchestrator.openMost} requests of one task were open at once`);
}

async function knowsEpochs(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  orchestrator.script = (said, time) =>
    'taskId' in said && said.taskId === task ? refusal('STALE_EPOCH', false) : agreeable(said, time);
  await stage.tell(assignment(task, 'slow', 2));
  const older = await stage.tell(assignment(task, 'slow', 1));
  demand(!older.accepted, 'it accepted an attempt that is older than the one it works on');
  await stage.until('a word of the attempt', () => orchestrator.of(task).length > 0, TASK_WITHIN_MS);
  await pause(3_500);
  const ids = new Set(orchestrator.of(task).map(({ said }) => said.id));
  demand(ids.size === 1, `after STALE_EPOCH it said ${ids.size - 1} more things of the attempt`);
}

async function oneResult(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  orchestrator.script = (said, time) =>
    said.kind === 'result' && time <= 3 ? refusal('MAILBOX_FULL', true) : agreeable(said, time);
  await stage.tell(assignment(task, 'finish'));
  const results = () => orchestrator.of(task).filter(({ said }) => said.kind === 'result');
  await stage.until('the fourth time of the result', () => results().length >= 4, TASK_WITHIN_MS);
  await pause(1_500);
  demand(new Set(results().map(({ text }) => text)).size === 1, 'its repeats differ, or have another id');
  demand(results().length === 4, 'it says its result again after it was answered');
  demand(orchestrator.of(task).at(-1)?.said.kind === 'result', 'it goes on after its result');
}

async function cancels(stage: Stage): Promise<void> {
  const { orchestrator } = stage;
  const task = stage.newTask();
  const graceSeconds = 5;
  await stage.tell(assignment(task, 'wait'));
  await pause(1_000);
  const cancel = cancellation(task, graceSeconds);
  const answers = [
    await stage.tell(cancel),
    await stage.tell(cancel),
    await stage.tell(cancellation('unknown-task', 1)),
  ];
  demand(
    answers.every(({ accepted }) => accepted),
    `a cancel was refused: ${JSON.stringify(answers)}`,
  );
  const isTold = () => orchestrator.once('result', task).length > 0;
  await stage.until('its result', isTold, (graceSeconds + 2) * 1_000);
  demand(
    orchestrator.once('result', task)[0]?.cancelled === true,
    'its result does not say that it was cancelled',
  );
  const overtaken = stage.newTask();
  await stage.tell(cancellation(overtaken, 1));
  demand(
    !(await stage.tell(assignment(overtaken, 'finish'))).accepted,
    'it began what was cancelled before it came',
  );
}

async function artifactsAreWhole(stage: Stage): Promise<void> {
  const task = await finish(stage, 'artifact');
  const pieces = stage.orchestrator.once('artifact', task);
  if (!pieces.some(({ sizeBytes }) => sizeBytes > LIMITS.artifactChunkBytesMax)) {
    skipUnless(stage, 'artifacts', 'it makes none over 128 KiB');
    throw new CheckFailed('the task made no artifact over 128 KiB, and its card says that it makes them');
  }
  for (const id of new Set(pieces.map(({ artifactId }) => artifactId))) {
    const own = pieces.filter(({ artifactId }) => artifactId === id);
    const bytes = Buffer.concat(own.map(({ data }) => Buffer.from(data, 'base64')));
    const [first] = own;
    const places = own.map(({ chunk }) => chunk.index);
    demand(
      places.every((place, at) => place === at) && own.length === first?.chunk.count,
      `pieces of ${first?.name}: ${places.join(' ')}`,
    );
    demand(
      bytes.length === first.sizeBytes,
      `${first.name} has ${bytes.length} bytes, said are ${first.sizeBytes}`,
    );
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    demand(sha256 === first.sha256, `${first.name} is not of its SHA-256`);
  }
  const largest = Math.max(...stage.orchestrator.texts.map((text) => Buffer.byteLength(text)));
  demand(largest <= LIMITS.messageBytesMax, `it said a message of ${largest} bytes`);
}

async function survivesNonsense(stage: Stage): Promise<void> {
  const unknown = await stage.tell({ ...newHead(), kind: 'sing' });
  demand(
    !unknown.accepted && unknown.reason === 'unknown',
    `to an unknown kind it said ${JSON.stringify(unknown)}`,
  );
  const broken = await stage.tell({ ...assignment('x', 'finish'), payload: 7 });
  const answers = [broken, ...((await stage.line.tellNonsense(stage.instance())) ?? [])].map(readAnswer);
  demand(
    answers.every((answer) => !answer.accepted && answer.reason === 'invalid'),
    `to nonsense it said ${JSON.stringify(answers)}`,
  );
  await finish(stage);
}

async function keepsCapacity(stage: Stage): Promise<void> {
  const capacity = stage.orchestrator.once('register').at(-1)?.card.max_concurrent_capacity ?? 1;
  if (capacity > 10) throw new Skipped(`its card has a capacity of ${capacity}: too many to be filled here`);
  const tasks = Array.from({ length: capacity }, () => stage.newTask());
  for (const task of tasks) await stage.tell(assignment(task, 'wait'));
  const past = await stage.tell(assignment(stage.newTask(), 'wait'));
  for (const task of tasks) await stage.tell(cancellation(task, 5));
  for (const task of tasks) await resultOf(stage, task);
  // It has room when it has heard the answers: the next check begins then.
  const from = stage.orchestrator.beats.length;
  const isFree = () => stage.orchestrator.beats.slice(from).at(-1)?.beat.running.length === 0;
  await stage.until('it works on nothing any more', isFree);
  if (past.accepted) throw new CheckFailed(`it took ${capacity + 1} tasks, its card says ${capacity}`);
  demand(past.reason === 'capacity', `it refused with ${past.reason}`);
}
