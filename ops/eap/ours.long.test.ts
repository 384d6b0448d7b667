/** The whole kit on the agents of ours, over NATS and over HTTP, side by side: it mostly waits. */
import { afterAll, beforeAll, test } from 'vitest';
import { runKit } from './kit.ts';
import { type Ours, startOurs } from './subjects.ts';

/** What an agent does not do, as its card says; all else must be seen. */
const SKIPPED: Readonly<Record<string, readonly string[]>> = {
  shell: ['C16', 'C17', 'C28', 'C31', 'resume'],
  opencode: [],
  acp: [],
};

/** The line is the SDK's: an agent that adds nothing to it need not show it twice. */
const SUBJECTS = [
  ...(['nats', 'http'] as const).flatMap((transport) => [
    { name: 'shell', transport },
    { name: 'opencode', transport },
  ]),
  { name: 'acp', transport: 'nats' },
] as const;

let ours: Ours;

beforeAll(async () => {
  ours = await startOurs('opencode');
});

afterAll(async () => {
  await ours.stop();
});

for (const { name, transport } of SUBJECTS) {
  test.concurrent(`the ${name} agent keeps the protocol over ${transport}, in every check that it may not skip`, async ({
    expect,
  }) => {
    const subject = ours.subjects.find((one) => one.name === name && one.transport === transport);
    if (!subject) throw new Error(`${name} over ${transport} is an agent of ours`);

    const { results, output } = await runKit(subject);

    const failed = results.filter(({ status }) => status === 'failed');
    expect(failed, `${JSON.stringify(failed, null, 1)}\n${output}`).toEqual([]);
    const skipped = results.filter(({ status }) => status === 'skipped').map(({ id }) => id);
    expect(skipped.toSorted()).toEqual(SKIPPED[name]?.toSorted());
  });
}
