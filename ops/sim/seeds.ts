/** Runs many seeds on several threads, each with a world of its own, and tells of each as it ends. */
import { Worker } from 'node:worker_threads';
import type { RunResult } from './simulation.ts';

export interface Share {
  readonly seed: number;
  readonly runs: number;
  readonly acts: number;
  readonly spared: readonly number[];
  /** From one seed to the next. */
  readonly stride: number;
}

export interface Seeds extends Omit<Share, 'stride'> {
  readonly workers: number;
  onResult(result: RunResult): void;
}

export async function runSeeds({ workers, onResult, ...seeds }: Seeds): Promise<void> {
  const threads = Array.from({ length: Math.min(workers, seeds.runs) }, (_, index) =>
    startThread(
      {
        ...seeds,
        seed: seeds.seed + index,
        runs: Math.ceil((seeds.runs - index) / workers),
        stride: workers,
      },
      onResult,
    ),
  );
  try {
    await Promise.all(threads.map(({ over }) => over));
  } finally {
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function startThread(share: Share, onResult: (result: RunResult) => void) {
  const worker = new Worker(new URL('./seeds-worker.ts', import.meta.url), { workerData: share });
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  worker.on('message', onResult);
  worker.on('error', reject);
  worker.on('exit', (code) =>
    code === 0 ? resolve() : reject(new Error(`a thread of seeds ended with ${code}`)),
  );
  return { worker, over };
}
