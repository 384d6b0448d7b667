import { expect, test } from 'vitest';
import type { ApiClient } from '#protocols/client/client.ts';
import { DATASET_LIMITS, DatasetRules } from '#protocols/dataset.ts';
import type { Trajectory } from '#protocols/trajectory.ts';
import { Assembly } from './assemble.ts';
import { collect } from './collect.ts';

interface SessionGiven {
  readonly id: string;
  readonly rate?: number | null;
  readonly verdict?: 'accepted' | 'rejected';
  readonly tasks?: readonly object[];
}

const words = (id: string) => Array.from({ length: 12 }, (_, at) => `${id}${at}`).join(' ');
const SAID: Trajectory = { format: 1, model: 'a/b', messages: [] };

/** A task that attempt 2 completed, with a trajectory of each attempt. */
function taskOf(id: string, more: object = {}): object {
  const artifact = (attempt: number) => ({
    artifact_id: `${id}-${attempt}`,
    name: 'trajectory.json',
    attempt,
  });
  return {
    ...{
      id,
      state: 'completed',
      task_type: 'implementation',
      complexity: 'simple',
      required_capabilities: [],
    },
    attempts: [
      { number: 1, outcome: 'failed', agent_id: 'agent-a', usage: { cost_usd: 1 } },
      { number: 2, outcome: 'completed', agent_id: 'agent-b', usage: { cost_usd: 0.5 } },
    ],
    artifacts: [artifact(1), artifact(2)],
    ...more,
  };
}

/** As much of the gateway as is asked; pages of two. */
function gatewayOf(given: readonly SessionGiven[], asked: object[] = []): ApiClient {
  const calls = {
    listSessions: async (query: { cursor?: string }) => {
      asked.push(query);
      const from = Number(query.cursor ?? 0);
      const next_cursor = from + 2 < given.length ? String(from + 2) : null;
      return { items: given.slice(from, from + 2), next_cursor };
    },
    getSession: async ({ id }: { id: string }) => {
      const one = given.find((session) => session.id === id);
      const { verdict = 'accepted', rate = 1 } = one ?? {};
      return { id, review: { verdict, by: 'user:anna' }, metrics: { success_rate: rate } };
    },
    listSessionTasks: async ({ id }: { id: string }) => {
      return { items: given.find((session) => session.id === id)?.tasks ?? [taskOf(`t-${id}`)], pages: 1 };
    },
    getArtifactContent: async ({ artifact_id }: { artifact_id: string }) => {
      const said: Trajectory = {
        ...SAID,
        messages: [
          { role: 'user', content: words(artifact_id.replace(/\W/g, '')) },
          { role: 'assistant', content: 'Done.', tool_calls: [] },
        ],
      };
      return new TextEncoder().encode(artifact_id.startsWith('broken') ? '{' : JSON.stringify(said));
    },
  };
  // Only what is asked here.
  return calls as unknown as ApiClient;
}

async function build(given: readonly SessionGiven[], rules: object = {}, asked: object[] = []) {
  const order = {
    name: 'fixes',
    number: 1,
    rules: DatasetRules.parse({ samples_min: 1, validation_share: 0, ...rules }),
  };
  const assembly = new Assembly(order);
  const seen: string[] = [];
  await collect(order, {
    api: gatewayOf(given, asked),
    assembly,
    signal: new AbortController().signal,
    onSession: (done, total) => seen.push(`${done}/${total}`),
  });
  const built = assembly.finish();
  return { ...built, seen, listed: JSON.parse(built.manifest).manifest_of as Record<string, unknown>[] };
}

test('of accepted sessions only those with the success rate are read, and what each lacks is counted', async () => {
  const { summary, listed, seen } = await build([
    { id: 's-1' },
    { id: 's-2', rate: 0.89 },
    { id: 's-3', rate: null },
    { id: 's-4', verdict: 'rejected' },
    { id: 's-5', tasks: [taskOf('t-5', { state: 'failed' }), taskOf('t-6', { artifacts: [] })] },
    { id: 's-7', tasks: [taskOf('broken-7')] },
    { id: 's-8', rate: 0.9 },
  ]);

  expect(summary.dropped).toEqual({ success_rate: 2, no_trajectory: 1, unreadable: 1 });
  expect(summary.sessions).toEqual({ considered: 6, used: 2 });
  expect(listed).toMatchObject([
    { session_id: 's-1', task_id: 't-s-1', attempt: 2, agent_id: 'agent-b', model: 'a/b', cost_usd: 0.5 },
    { session_id: 's-8' },
  ]);
  expect(seen.at(-1)).toBe('7/7');
});

test('what was deleted of a session is not there to be learned', async () => {
  const gone = {
    artifact_id: 'x',
    name: 'trajectory.json',
    attempt: 2,
    deleted_at: '2026-01-01T00:00:00.000Z',
  };

  const { summary } = await build([
    { id: 's-1' },
    { id: 's-2', tasks: [taskOf('t-2', { artifacts: [gone] })] },
  ]);

  expect(summary.dropped).toEqual({ no_trajectory: 1 });
});

test('only accepted sessions that came to a good end are asked for, by the rules, the oldest first', async () => {
  const asked: object[] = [];
  await build([{ id: 's-1' }, { id: 's-2' }, { id: 's-3' }], { tags: ['repair'] }, asked);

  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatchObject({
    state: ['completed', 'partially_completed'],
    ...{ verdict: 'accepted', tag: ['repair'], sort: 'created', order: 'asc' },
  });
});

test('more sessions than a data set may have are refused before any is read', async () => {
  const many = Array.from({ length: DATASET_LIMITS.sessionsMax + 1 }, (_, n) => ({ id: `s-${n}` }));

  await expect(build(many)).rejects.toThrow(/more than 2000 sessions/);
});
