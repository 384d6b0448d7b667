/** A node whose wall clock jumps: an hour forth, an hour back, half a minute back. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClockShift } from '../clock-shift.ts';
import { type Fault, heldBy } from '../fault.ts';

const STEPS_S = [3_600, -3_600, -30] as const;
/** The library looks at the shift once a second. */
const STEP_MS = 2_500;
const TAKES_SHARE_MS = 2_000;

export const CLOCK: Fault = {
  name: 'clock',
  what: `the wall clock of a node jumps by ${STEPS_S.join(', ')} s`,
  measured: 'each jump → each of its partitions has answered',
  missing: () => ClockShift.missing(),
  async run({ stage, random, probe, tell }) {
    const node = random.pick(stage.nodes);
    const clock = new ClockShift(join(stage.folder, `${node.name}.clock`));
    await node.stop();
    await node.start(clock.env);
    await sleep(TAKES_SHARE_MS);
    for (const seconds of STEPS_S) {
      tell(`the clock of ${node.name} is ${seconds} s off`);
      clock.shift(seconds);
      await sleep(STEP_MS);
      probe(await heldBy(stage, node));
    }
    await node.stop();
    await node.start();
  },
};
