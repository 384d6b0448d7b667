import { join } from 'node:path';
import { test } from 'vitest';
import { type Report, runKit } from './kit.ts';
import type { Subject } from './stage.ts';
import { FAULTS, type Fault } from './testing/faults.ts';

const RAW = join(import.meta.dirname, 'testing', 'raw-agent.ts');
const IN_ORDER: readonly Fault[] = [];
/** Each wait of the kit is long enough for agents that have much to do. This one has not. */
const PATIENCE = 0.3;

function rawAgent(faults: readonly Fault[], transport: Subject['transport'] = 'nats'): Subject {
  const command = `${JSON.stringify(process.execPath)} ${JSON.stringify(RAW)}`;
  const environment = { FAULT: faults.join(',') };
  return { name: `raw: ${faults.join(', ') || 'in order'}`, command, transport, environment };
}

function othersThanPassed({ results }: Report): string[] {
  return results
    .filter(({ status }) => status !== 'passed')
    .map(({ id, status, detail }) => `${id} ${status}: ${detail}`);
}

/** Several faults in one agent, where none hides the other: each costs a server and a process. */
const TOGETHER: readonly (readonly Fault[])[] = [
  ['misnamed'],
  ['new registration', 'numb', 'twice', 'torn', 'greedy'],
  ['dawdling', 'chatty', 'hearsay', 'new id', 'deaf', 'shrinking', 'secret'],
  ['agreeing', 'mixed', 'optimist', 'mumbling', 'settled'],
  ['once', 'clinging', 'claiming', 'stray'],
  ['forgetful', 'immortal', 'gibberish'],
  ['abrupt'],
];

test.concurrent('the kit finds nothing wrong with an agent that is in order, over NATS and over HTTP', async ({
  expect,
}) => {
  const reports = await Promise.all(
    (['nats', 'http'] as const).map((transport) => runKit(rawAgent(IN_ORDER, transport))),
  );

  expect(reports.map(othersThanPassed)).toEqual([[], []]);
}, 180_000);

test.concurrent('the kit finds each fault of an agent by its check, and blames nothing else', async ({
  expect,
}) => {
  expect(TOGETHER.flat().toSorted()).toEqual(Object.keys(FAULTS).toSorted());

  const reports = await Promise.all(
    TOGETHER.map((faults) => {
      const only = new Set(faults.map((fault) => FAULTS[fault]));
      return runKit(rawAgent(faults), { only, patience: PATIENCE });
    }),
  );

  const found = reports.map(({ results }) =>
    results.filter(({ status }) => status === 'failed').map(({ id }) => id),
  );
  const wanted = TOGETHER.map((faults) => faults.map((fault) => FAULTS[fault]));
  const sorted = (lists: readonly (readonly string[])[]) => lists.map((list) => list.toSorted());
  expect(sorted(found), JSON.stringify(reports.map(othersThanPassed), null, 1)).toEqual(sorted(wanted));
}, 180_000);

test.concurrent('what the kit sees over HTTP only, it finds there', async ({ expect }) => {
  const faults = ['agreeing', 'stray'] as const;

  const report = await runKit(rawAgent(faults, 'http'), { only: new Set(['C23', 'C25']) });

  expect(othersThanPassed(report).map((line) => line.split(' ', 1)[0])).toEqual(['C25', 'C23']);
});
