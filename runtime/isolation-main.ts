/**
 * The process in which one turn is taken alone, started by `isolation-process.ts`. Its first thread only listens, so
 * that the process ends with its parent whatever the turn does; the turn is taken in a second one, with a bounded heap.
 *
 * How far it came is written by the second thread itself, at once: what goes by the first one is lost with a turn that
 * ends the process.
 */
import { writeSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { ActorKind } from '#protocols/actor.ts';
import { type AloneTurn, STEP, STEPS_FD, takeWhole } from './isolation.ts';
import type { TurnOutcome } from './turn.ts';

/** What a parent asks for. */
export interface AloneJob {
  /** A module that exports ACTOR_KINDS. */
  readonly kindsModule: string;
  readonly type: string;
  readonly heapMiB: number;
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

if (isMainThread) serve();
else await takeInThread(workerData as AloneJob);

function serve(): void {
  process.on('disconnect', () => process.exit(0));
  process.once('message', (job: AloneJob) => {
    const resourceLimits = { maxOldGenerationSizeMb: job.heapMiB };
    const thread = new Worker(new URL(import.meta.url), { workerData: job, resourceLimits });
    thread.on('message', (news: AloneNews) => process.send?.(news));
    thread.on('error', (error) => {
      console.error(error);
      process.exitCode = 1;
    });
    thread.on('exit', () => process.disconnect?.());
  });
}

async function takeInThread({ kindsModule, type, turn }: AloneJob): Promise<void> {
  const { ACTOR_KINDS }: { ACTOR_KINDS: readonly ActorKind[] } = await import(kindsModule);
  const kind = ACTOR_KINDS.find((one) => one.type === type);
  if (!kind) throw new Error(`${kindsModule} has no kind ${type}`);
  writeSync(STEPS_FD, STEP.loaded);
  const outcome = takeWhole(kind, turn, () => writeSync(STEPS_FD, STEP.read));
  const { kind: _kind, ...cell } = outcome.cell;
  const news: AloneNews = { outcome: { ...outcome, cell } };
  parentPort?.postMessage(news);
}
