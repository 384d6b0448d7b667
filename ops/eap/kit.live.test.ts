import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runKit } from './kit.ts';
import type { Subject } from './stage.ts';
import { SHELL } from './subjects.ts';

const ASKING = join(import.meta.dirname, 'testing', 'asking-agent.ts');
const RAW = join(import.meta.dirname, 'testing', 'raw-agent.ts');

const rawAgent = (fault: string): Subject => ({
  name: `raw: ${fault}`,
  command: `${JSON.stringify(process.execPath)} ${JSON.stringify(RAW)}`,
  transport: 'nats',
  environment: { FAULT: fault },
});

async function faultsOf(subject: Subject, only: readonly string[]): Promise<string[]> {
  const { results } = await runKit(subject, { only: new Set(only) });
  return results.filter(({ status }) => status === 'failed').map(({ id, detail }) => `${id}: ${detail}`);
}

test('the shell agent keeps the protocol over NATS and over HTTP, also when its line breaks', async () => {
  const checks = ['C6', 'C11', 'C14', 'C23', 'C27', 'shape'];

  const faults = await Promise.all(SHELL.map((subject) => faultsOf(subject, checks)));

  expect(faults).toEqual([[], []]);
});

test('an agent by the SDK brings decisions to the right requests, over NATS and over HTTP', async () => {
  const command = `${JSON.stringify(process.execPath)} ${JSON.stringify(ASKING)}`;
  const reports = await Promise.all(
    (['nats', 'http'] as const).map((transport) =>
      runKit({ name: 'asking', command, transport }, { only: new Set(['C16', 'C17', 'C31']) }),
    ),
  );

  const shown = reports.map(({ results }) =>
    results.map(({ id, status, detail }) => detail ?? `${id} ${status}`),
  );
  const all = ['C1 passed', 'C16 passed', 'C17 passed', 'C31 passed'];
  expect(shown).toEqual([all, all]);
});

test('the kit finds what is wrong with an agent, and nothing where nothing is', async () => {
  const wrong = [
    ['none', 'C6', 'C10', 'C11', 'C23', 'C25', 'C30'],
    ['twice', 'C6'],
    ['new id', 'C10'],
    ['deaf', 'C11'],
    ['nonsense', 'C25'],
    ['stray', 'C23'],
    ['secret', 'C6', 'C30'],
  ] as const;

  const found = await Promise.all(wrong.map(([fault, ...only]) => faultsOf(rawAgent(fault), only)));

  const ids = found.map((faults) => faults.map((one) => one.split(':', 1)[0]));
  expect(ids, JSON.stringify(found)).toEqual([[], ['C6'], ['C10'], ['C11'], ['C25'], ['C23'], ['C30']]);
}, 90_000);
