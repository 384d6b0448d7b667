/**
 * An agent without the SDK, so that the kit can be seen to find what is wrong with one: in order, or with the faults
 * that `FAULT` names (faults.ts). It knows as little of the protocol as it can.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import { openHttp, openNats } from './raw-line.ts';

interface Told {
  readonly id: string;
  readonly kind: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly reason: string;
  readonly requestId: string;
  readonly outcome: string;
  readonly optionKind: string | null;
  readonly payload: { readonly title: string };
}
/** As it is kept for a process to come. */
type Begun = Told & { readonly tokens?: number };
type Ref = Pick<Told, 'taskId' | 'attempt'>;
interface Answer {
  readonly ok: boolean;
  readonly value?: { readonly decision?: Told };
  readonly error?: { readonly code: string; readonly retryable: boolean };
}
interface Work extends Ref {
  readonly cancelled: PromiseWithResolvers<void>;
  /** Nobody wants to hear of it any more. */
  isStale: boolean;
  last: Promise<unknown>;
  /** What a process of before had used on it, and this one. */
  tokens: number;
}

const { NATS_URL = '', OIO_GATEWAY_URL, OIO_WORK_DIR = '', OIO_CONFORMANCE_SECRET = '' } = process.env;
const { OIO_TENANT: tenant = '', OIO_AGENT_NAME: name = '' } = process.env;
const faults = new Set((process.env.FAULT ?? '').split(','));
const has = (fault: Fault): boolean => faults.has(fault);
const CAPACITY = 2;
const PIECE_BYTES = 128 * 1024;
const agent = name.toLowerCase();
const instance = `i-${randomUUID()}`;
const place = { tenant, agent, instance };
const line = OIO_GATEWAY_URL ? openHttp(OIO_GATEWAY_URL, place) : await openNats(NATS_URL, place);
const begunFile = join(OIO_WORK_DIR, 'begun.json');

/** Answers by message id, and attempts by name, whatever came of them. */
const answers = new Map<string, Record<string, unknown>>();
const known = new Set<string>();
const works = new Map<string, Work>();
const decisions = new Map<string, PromiseWithResolvers<Told>>();
let isDraining = false;

const nameOf = ({ taskId, attempt }: Ref): string => `${taskId} ${attempt}`;
const head = () => ({ eap: '2.0', id: randomUUID(), ts: new Date().toISOString() });
const accepted = { accepted: true };
const refused = (reason: string) => ({ accepted: false, reason });

async function say(said: Record<string, unknown>, isWanted = () => true): Promise<Answer | null> {
  for (let message = { ...head(), ...said }; isWanted(); ) {
    const text = await line.ask(JSON.stringify(message));
    const answer: Answer | null = text === null ? null : JSON.parse(text);
    if (answer && (answer.ok || !answer.error?.retryable)) return answer;
    if (has('once')) return null;
    await pause(100);
    const isNew = said.kind === 'register' ? has('new registration') : has('new id');
    if (isNew) message = { ...message, id: randomUUID() };
  }
  return null;
}

/** In its turn: one message of a task is under way at a time. */
function sayOf(work: Work, said: Record<string, unknown>): Promise<Answer | null> {
  const { taskId, attempt } = work;
  const next = async (): Promise<Answer | null> => {
    const answer = await say({ taskId, attempt, ...said }, () => !work.isStale);
    if (answer?.error?.code === 'STALE_EPOCH' && !has('hearsay')) work.isStale = true;
    return answer;
  };
  if (has('chatty')) return next();
  const said_ = work.last.then(next);
  work.last = said_;
  return said_;
}

const usage = (tokens: number) => ({ usage: { tokens_in: tokens, tokens_out: tokens, cost_usd: 0 } });

function use(work: Work, told: Told): number {
  work.tokens += 10;
  writeFileSync(begunFile, JSON.stringify({ ...told, tokens: work.tokens }));
  return work.tokens;
}

async function slow(work: Work, told: Told): Promise<void> {
  for (const step of [1, 2, 3]) {
    void sayOf(work, { kind: 'progress', percent: step * 25, ...usage(use(work, told)) });
    if (has('chatty')) void sayOf(work, { kind: 'progress', percent: step * 25 + 1 });
    await pause(1_000);
  }
}

async function artifact(work: Work): Promise<void> {
  const bytes = randomBytes(200_000);
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  const sha256 = createHash('sha256')
    .update(has('torn') ? 'torn' : bytes)
    .digest('hex');
  const about = { kind: 'artifact', artifactId: randomUUID(), name: 'big.bin', role: 'result' };
  for (let index = 0; index < count; index++) {
    const data = bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES).toString('base64');
    const piece = { sizeBytes: bytes.length, sha256, chunk: { index, count }, data };
    await sayOf(work, { ...about, mediaType: 'application/octet-stream', ...piece });
  }
}

async function ask(work: Work): Promise<string> {
  const titles = ['the first', 'the second'];
  const allowed = titles.map(async (title, at) => {
    const requestId = `per_${work.taskId}_${at}`;
    const decided = Promise.withResolvers<Told>();
    decisions.set(requestId, decided);
    const about = { kind: 'permission.request', requestId, subject: { type: 'tool', title } };
    const answer = await sayOf(work, { ...about, permission: 'tool', patterns: [title], always: [] });
    const { optionKind, outcome } = answer?.value?.decision ?? (await decided.promise);
    const isAllowed = optionKind === 'allow_once' || (has('optimist') && outcome === 'expired');
    if (!isAllowed) return '';
    return has('mixed') ? titles[1 - at] : title;
  });
  return `allowed: ${(await Promise.all(allowed)).join(' ')}`;
}

async function begin(told: Begun): Promise<void> {
  const { taskId, attempt, payload } = told;
  const work: Work = {
    ...{ taskId, attempt, isStale: false, last: Promise.resolve(), tokens: told.tokens ?? 0 },
    cancelled: Promise.withResolvers<void>(),
  };
  works.set(taskId, work);
  mkdirSync(OIO_WORK_DIR, { recursive: true });
  use(work, told);
  let isCancelled = false;
  void work.cancelled.promise.then(() => {
    isCancelled = true;
  });
  let summary = has('secret') ? `done with ${OIO_CONFORMANCE_SECRET}` : 'done';
  if (/wait/.test(payload.title)) await work.cancelled.promise;
  if (/slow/.test(payload.title)) await slow(work, told);
  if (/artifact/.test(payload.title)) await artifact(work);
  if (/ask/.test(payload.title)) summary = await ask(work);
  const result = { success: !isCancelled, summary, commit: null, changes: null, error: null };
  const used = usage(has('shrinking') ? 1 : work.tokens);
  await sayOf(work, { kind: 'result', result, ...used, cancelled: isCancelled });
  rmSync(begunFile, { force: true });
  if (works.get(taskId) === work) works.delete(taskId);
}

function assign(told: Told): Record<string, unknown> {
  if (typeof told.payload?.title !== 'string') return refused('invalid');
  const running = works.get(told.taskId);
  if (known.has(`cancelled ${nameOf(told)}`)) return refused('unknown');
  if (known.has(nameOf(told))) {
    if (has('twice')) void begin(told);
    return accepted;
  }
  if (running && running.attempt > told.attempt) return refused('unknown');
  if (isDraining) return refused('draining');
  if (works.size >= CAPACITY && !has('greedy')) return refused('capacity');
  known.add(nameOf(told));
  void begin(told);
  return accepted;
}

function cancel(told: Told): Record<string, unknown> {
  const work = works.get(told.taskId);
  if (work?.attempt !== told.attempt) known.add(`cancelled ${nameOf(told)}`);
  else if (!has('deaf')) work.cancelled.resolve();
  return accepted;
}

function loseLease({ reason }: Told): Record<string, unknown> {
  for (const work of works.values()) {
    work.isStale = !has('clinging');
    work.cancelled.resolve();
  }
  works.clear();
  const isReplaced = reason.includes('another process');
  if (!isReplaced) void register();
  else if (!has('immortal')) setTimeout(() => process.exit(3), 200);
  return accepted;
}

function take(told: Told): Record<string, unknown> {
  switch (told.kind) {
    case 'assign':
      return assign(told);
    case 'cancel':
      return cancel(told);
    case 'permission.decision':
      decisions.get(told.requestId)?.resolve(told);
      return accepted;
    case 'steer':
      return works.has(told.taskId) && !has('mumbling') ? accepted : refused('unknown');
    case 'lease_lost':
      return loseLease(told);
    default:
      return has('agreeing') ? accepted : refused('unknown');
  }
}

async function answer(text: string): Promise<string> {
  let told: Told;
  try {
    told = JSON.parse(text);
  } catch {
    // It cannot be read, and is answered so.
    return JSON.stringify(refused('invalid'));
  }
  const said = has('twice') ? take(told) : (answers.get(told.id) ?? take(told));
  answers.set(told.id, said);
  if (has('dawdling') && told.payload?.title?.includes('slow')) await pause(4_000);
  return JSON.stringify(said);
}

/** What a process of before had begun, in this folder. */
function readBegun(): Begun | null {
  return existsSync(begunFile) ? JSON.parse(readFileSync(begunFile, 'utf8')) : null;
}

async function register(): Promise<void> {
  const begun = works.size === 0 && answers.size === 0 ? readBegun() : null;
  const claimed = [...works.values(), ...(begun ? [begun] : [])];
  if (begun && has('claiming')) claimed.push({ ...begun, taskId: 'of-nobody' });
  const card = {
    ...{ name: has('misnamed') ? `${name}-X` : name, agent_type: 'implementer', version: '1' },
    ...{ capabilities: { primary: ['code_generation'] }, max_concurrent_capacity: CAPACITY },
    supports: { steer: true, interrupt: true, permission: true, usage: true, artifacts: true, resume: true },
  };
  const resume = claimed.map(({ taskId, attempt }) => ({ taskId, attempt }));
  // Its assignment may come again before the answer to the registration does, and begins nothing then.
  if (begun) known.add(nameOf(begun));
  const told = await say({ kind: 'register', card, instance, resume });
  const { adopt = [] } = (told?.value ?? {}) as { adopt?: readonly Ref[] };
  if (!begun || !adopt.some((one) => nameOf(one) === nameOf(begun))) return;
  if (!has('forgetful')) void begin(begun);
}

async function drain(): Promise<void> {
  if (has('abrupt')) process.exit(0);
  isDraining = true;
  await say({ kind: 'drain', instance });
  while (works.size > 0) await pause(50);
  await say({ kind: 'deregister', instance });
  process.exit(0);
}

line.listen(answer);
line.onBack(() => void (has('settled') || register()));
process.on('SIGTERM', () => void drain());
if (has('stray')) line.stray();
await register();
if (has('gibberish')) setTimeout(() => void line.ask('{"kind":"greeting"}'), 1_000);
setInterval(() => {
  const running = has('numb') ? [] : [...works.values()].map(({ taskId, attempt }) => ({ taskId, attempt }));
  line.beat(JSON.stringify({ instance, ts: new Date().toISOString(), running }));
}, 1_000);
