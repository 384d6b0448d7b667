import { expect, test } from 'vitest';
import { DATASET_LIMITS, type Dataset, DatasetRules } from '#protocols/dataset.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { datasetKind } from './dataset.ts';

const BUILD = { type: 'build', rules: DatasetRules.parse({}), reason: 'our own code, agreed with the team' };
const HASH = 'a'.repeat(64);
const FILE = {
  name: 'train.openai_chat.jsonl',
  format: 'openai_chat',
  split: 'train',
  lines: 9,
  bytes: 90,
  sha256: HASH,
};
const OUTPUT = {
  sessions: { considered: 12, used: 10 },
  samples: { considered: 11, train: 9, validation: 1 },
  dropped: { duplicate: 1, success_rate: 2 },
  redactions: { email: 3 },
  files: [FILE],
};
const STORED = [
  { artifact_id: 'f-1', name: FILE.name, size_bytes: 90, sha256: HASH },
  { artifact_id: 'f-2', name: 'manifest.json', size_bytes: 50, sha256: 'b'.repeat(64) },
];

const make = () => new OneActor<Dataset>(datasetKind, 'fixes').handle(BUILD, 'user:anna');

function hear(dataset: OneActor<Dataset>, state: string, more: object = {}): OneActor<Dataset> {
  const { number, task_id } = dataset.state.versions.at(-1) ?? {};
  const none = { reason: null, error: null, agent_id: 'agent-b' };
  return dataset.handle(
    { type: 'task_changed', run: number, task_id, state, ...none, ...more },
    'task/dev/t',
  );
}

test('a version is a task for an agent that builds data sets, and who consented stands in the audit', () => {
  const dataset = make();

  expect(dataset.value).toEqual({ name: 'fixes', number: 1 });
  expect(dataset.state.versions).toMatchObject([
    {
      ...{ number: 1, state: 'building', status_detail: 'waits for an agent with dataset_building' },
      consent: { by: 'user:anna', reason: BUILD.reason },
    },
  ]);
  expect(dataset.sentTo('audit')).toMatchObject([
    { act: 'dataset.consented', by: 'user:anna', target: 'fixes@1', reason: BUILD.reason },
  ]);
  const [create] = dataset.sentTo('task');
  expect(create).toMatchObject({
    spec: { required_capabilities: ['dataset_building'] },
    brief: { owner: 'dataset', session_id: 'fixes', run: 1 },
  });
});

test('while a version is in the making there is no other one; when it is ready the next gets the next number', () => {
  const dataset = make();
  expect(dataset.handle(BUILD).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'building',
  });

  hear(dataset, 'completed', { output: OUTPUT, files: STORED });
  dataset.handle(BUILD);

  expect(dataset.state.versions.map(({ number, state }) => [number, state])).toEqual([
    [1, 'ready'],
    [2, 'building'],
  ]);
});

test('a version that is ready has its manifest, and nothing said later changes it', () => {
  const dataset = hear(make(), 'completed', { output: OUTPUT, files: STORED });
  const before = dataset.state;

  hear(dataset, 'failed', { error: 'late' });

  expect(dataset.state).toBe(before);
  expect(before.versions[0]?.manifest).toEqual({
    ...OUTPUT,
    files: [{ ...FILE, artifact_id: 'f-1' }],
    manifest_id: 'f-2',
    manifest_sha256: 'b'.repeat(64),
  });
});

test('files that are not stored as they were written, or without a manifest, are no data set', () => {
  const [file, index] = STORED;
  const faults = [
    [{ output: {}, files: STORED }, 'did not say'],
    [{ output: OUTPUT, files: [file] }, 'manifest.json was not stored'],
    [{ output: OUTPUT, files: [index] }, 'not stored as it was written'],
    [{ output: OUTPUT, files: [{ ...file, sha256: 'c'.repeat(64) }, index] }, 'not stored as it was written'],
    [{ output: OUTPUT, files: [{ ...file, size_bytes: 91 }, index] }, 'not stored as it was written'],
  ] as const;
  for (const [said, fault] of faults) {
    const [version] = hear(make(), 'completed', said).state.versions;

    expect(version).toMatchObject({ state: 'failed', error: expect.stringContaining(fault), manifest: null });
  }
});

test('a version in the making tells how far it is, waits again when its agent is lost, and can be cancelled', () => {
  const dataset = hear(make(), 'in_progress');
  const { task_id } = dataset.state.versions[0] ?? {};
  dataset.handle({ type: 'task_progressed', run: 1, task_id, percent: 40, note: '40 of 100 sessions read' });
  expect(dataset.state.versions[0]).toMatchObject({ percent: 40, status_detail: '40 of 100 sessions read' });
  expect(dataset.eventNames).toEqual(['version_progressed']);
  hear(dataset, 'ready', { reason: 'agent_lost' });
  expect(dataset.state.versions[0]?.status_detail).toBe('waits for an agent with dataset_building');

  dataset.handle({ type: 'cancel', number: 1, reason: 'wrong tags' });

  expect(dataset.state.versions[0]).toMatchObject({ state: 'cancelled', error: 'wrong tags' });
  expect(dataset.sentTo('task')).toMatchObject([{ type: 'cancel' }]);
  expect(dataset.handle({ type: 'cancel', number: 1 }).failure).toMatchObject({
    current_state: 'cancelled',
    allowed: [],
  });
  expect(dataset.handle({ type: 'cancel', number: 7 }).failure?.code).toBe('DATASET_NOT_FOUND');
});

test('a training finds the version that it names, or the newest that is ready', () => {
  const dataset = hear(make(), 'completed', { output: OUTPUT, files: STORED });
  dataset.handle(BUILD);
  const find = (number: number | null) => dataset.handle({ type: 'find', number });

  expect(find(null).value).toMatchObject({ reference: 'fixes@1', files: [{ artifact_id: 'f-1' }] });
  expect(find(1).value).toMatchObject({ reference: 'fixes@1' });
  expect(find(2).failure?.code).toBe('NOT_READY');
  expect(find(3).failure?.code).toBe('DATASET_NOT_FOUND');
});

test('only sessions that did nine tenths of their tasks or more can be asked for', () => {
  expect(DatasetRules.safeParse({ success_rate_min: 0.9 }).success).toBe(true);
  expect(DatasetRules.safeParse({ success_rate_min: 0.89 }).success).toBe(false);
});

test('the largest data set is below what an actor may hold', () => {
  const files = Array.from({ length: 4 }, (_, n) => ({ ...FILE, name: `${n}.${FILE.name}` }));
  const stored = [
    ...files.map((file, n) => ({ ...STORED[0], artifact_id: `artifact-${n}`, name: file.name })),
    STORED[1],
  ];
  const dataset = hear(make(), 'completed', { output: { ...OUTPUT, files }, files: stored });
  const [version] = dataset.state.versions;
  if (version) {
    const many = Array.from({ length: DATASET_LIMITS.versionsMax }, (_, n) => ({
      ...version,
      number: n + 1,
    }));
    dataset.state = { ...dataset.state, versions: many };
  }

  expect(dataset.handle(BUILD).failure?.code).toBe('QUOTA_EXCEEDED');
  expect(Buffer.byteLength(JSON.stringify(dataset.state))).toBeLessThan(512 * 1024);
});
