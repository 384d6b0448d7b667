/** Runs one benchmark: prepare, warm up, so many timed runs, and the median of each figure. */
import type { Bench, Sample } from './bench.ts';
import type { ProcessorWatch } from './machine.ts';
import { median } from './quantiles.ts';
import type { Measured } from './report.ts';
import type { Stage } from './stage.ts';

export async function measure(
  bench: Bench,
  stage: Stage,
  how: { runs: number; watch: ProcessorWatch },
): Promise<Measured[]> {
  const prepared = await bench.prepare(stage);
  const samples: Sample[] = [];
  const shares: number[] = [];
  try {
    await prepared.warmUp();
    for (let run = 0; run < (bench.isOnce ? 1 : how.runs); run++) {
      how.watch.othersShare();
      samples.push(await prepared.run());
      const share = how.watch.othersShare();
      if (share !== null) shares.push(share);
    }
  } finally {
    await prepared.stop();
  }
  return Object.entries(bench.figures).map(([key, kind]) => {
    const runs = samples.map((sample) => sample[key] ?? Number.NaN);
    const othersShare = shares.length > 0 ? Math.max(...shares) : null;
    return { bench: bench.name, key, kind, median: median(runs), runs, othersShare };
  });
}
