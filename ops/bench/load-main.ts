/** Runs one load as a process of its own: the plan as JSON in its first argument, the report as JSON on its last line. */
import { LoadPlan, runLoad } from './load.ts';

const plan = LoadPlan.parse(JSON.parse(process.argv[2] ?? ''));
process.stdout.write(`${JSON.stringify(await runLoad(plan))}\n`);
