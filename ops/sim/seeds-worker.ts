/** One thread of `seeds.ts`: runs its share of the seeds. */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { simulate } from './simulation.ts';

const Share = z.object({
  seed: z.number(),
  runs: z.number(),
  acts: z.number(),
  spared: z.array(z.number()),
  stride: z.number(),
});

const { seed, runs, acts, spared, stride } = Share.parse(workerData);
for (let run = 0; run < runs; run++) {
  const result = await simulate({ seed: seed + run * stride, acts, spared });
  // Only a failed run's history is looked at: the others' would only be copied.
  parentPort?.postMessage(result.violations.length > 0 ? result : { ...result, history: [] });
}
