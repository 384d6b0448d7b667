/**
 * The process in which turns are taken alone, started by `isolation-process.ts` with the module of the kinds and the
 * bound of the heap. Its first thread only listens, so that the process ends with its parent whatever a turn does; the
 * turns are taken in a second one, with that heap.
 *
 * How far it came is written by the second thread itself, at once: what goes by the first one is lost with a turn that
 * ends the process.
 */
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ActorKind } from '#protocols/actor.ts';
import { type AloneTurn, STEP, STEPS_FD, takeWhole } from './isolation.ts';
import type { TurnOutcome } from './turn.ts';

/** What a parent asks for, one after the other. */
export interface AloneJob {
  /** Tells the steps of this one from those of the one before. */
  readonly n: number;
  readonly type: string;
  readonly turn: AloneTurn;
}

/** The turn is taken. */
export interface AloneNews {
  readonly outcome: AloneOutcome;
}

/** An outcome as it can leave a thread: without the kind, which holds functions. */
export interface AloneOutcome extends Omit<TurnOutcome, 'cell'> {
  readonly cell: Omit<TurnOutcome['cell'], 'kind'>;
}

interface Kinds {
  /** A module that exports ACTOR_KINDS. */
  readonly kindsModule: string;
}

if (isMainThread) serve();
else await takeInThread(workerData as Kinds);

function serve(): void {
  const [kindsModule = '', heapMiB = ''] = process.argv.slice(2);
  process.on('disconnect', () => process.exit(0));
  const thread = new Worker(new URL(import.meta.url), {
    workerData: { kindsModule } satisfies Kinds,
    resourceLimits: { maxOldGenerationSizeMb: Number(heapMiB) },
    argv: [],
  });
  process.on('message', (job: AloneJob) => thread.postMessage(job));
  thread.on('message', (news: AloneNews) => process.send?.(news));
  thread.on('error', (error) => {
    console.error(error);
    process.exitCode = 1;
  });
  thread.on('exit', () => process.disconnect?.());
}

async function takeInThread({ kindsModule }: Kinds): Promise<void> {
  const { ACTOR_KINDS }: { ACTOR_KINDS: readonly ActorKind[] } = await import(kindsModule);
  writeSync(STEPS_FD, `${STEP.loaded}\n`);
  parentPort?.on('message', ({ n, type, turn }: AloneJob) => {
    const kind = ACTOR_KINDS.find((one) => one.type === type);
    if (!kind) throw new Error(`${kindsModule} has no kind ${type}`);
    const outcome = takeWhole(kind, turn, () => writeSync(STEPS_FD, `${STEP.read}${n}\n`));
    const { kind: _kind, ...cell } = outcome.cell;
    const news: AloneNews = { outcome: { ...outcome, cell } };
    parentPort?.postMessage(news);
  });
}
