/** The events are recorded from a real opencode server: a task with a sub-agent, and a model that is out of order. */
import { readFileSync } from 'node:fs';
import type { Event } from '@opencode-ai/sdk/v2/client';
import { expect, test } from 'vitest';
import { newMemory, type Progress, readEvent } from './progress.ts';

const delegated = recorded('delegate');
const broken = recorded('broken');

test('tool calls show each state once, with what they are about, sub-agents included', () => {
  const progress = readAll(delegated);

  const calls = progress.filter((one) => one.type === 'tool').map(({ tool, status }) => `${tool} ${status}`);
  expect(calls).toEqual([
    'task pending',
    'task in_progress',
    'read pending',
    'read in_progress',
    'read completed',
    'edit pending',
    'edit in_progress',
    'edit completed',
    'bash pending',
    'bash in_progress',
    'bash completed',
    'task completed',
    'todowrite pending',
    'todowrite in_progress',
    'todowrite completed',
    'read pending',
    'read in_progress',
    'read failed',
  ]);
  expect(progress).toContainEqual(
    expect.objectContaining({ tool: 'bash', status: 'in_progress', title: 'cat sum.js' }),
  );
});

test('text comes in pieces that add up to what was said, and the prompt is none of it', () => {
  const progress = readAll(delegated);

  expect(textOf(progress)).toBe(
    'I ask a helper.I read the function.It takes away where it should add.The sum is a sum now.All done.',
  );
});

test('when deltas are lost, the end of a part says what is missing', () => {
  const withoutDeltas = delegated.filter(({ type }) => type !== 'message.part.delta');
  const half = delegated.filter(({ type }, index) => type !== 'message.part.delta' || index % 2 === 0);

  const whole = textOf(readAll(delegated));
  expect(textOf(readAll(withoutDeltas))).toBe(whole);
  expect(readAll(half).filter(({ type }) => type === 'text').length).toBeGreaterThan(0);
});

test('steps count tokens and cost from the beginning, and a repeated event counts once', () => {
  const once = readAll(delegated).filter((one) => one.type === 'step');
  const twice = readAll(delegated.flatMap((event) => [event, event])).filter((one) => one.type === 'step');

  expect(once).toHaveLength(8);
  expect(once.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(once.at(-1)?.total.input).toBeGreaterThan(once[0]?.total.input ?? 0);
  expect(once.at(-1)?.costUsd).toBeCloseTo(costOf(delegated), 10);
  expect(twice).toEqual(once);
});

test('a list of things to do is told as it stands', () => {
  const todos: Event = {
    id: 'evt_1',
    type: 'todo.updated',
    properties: {
      sessionID: rootOf(delegated),
      todos: [{ content: 'mend the sum', status: 'completed', priority: 'high' }],
    },
  };

  expect(readAll([...delegated, todos]).at(-1)).toEqual({
    type: 'todo',
    items: [{ text: 'mend the sum', status: 'completed' }],
  });
});

test('a repeated request to the model shows', () => {
  expect(readAll(broken)).toContainEqual({ type: 'retry', attempt: 1, message: 'out of order' });
});

test('a call of the model that is repeated counts once as failed, however often it is told', () => {
  const memory = newMemory(rootOf(broken));
  for (const event of broken.flatMap((one) => [one, one])) readEvent(memory, event);
  const tries = broken.flatMap((event) =>
    event.type === 'session.status' && event.properties.status.type === 'retry'
      ? [event.properties.status.attempt]
      : [],
  );

  expect(tries.length).toBeGreaterThan(0);
  expect(memory.apiErrors).toBe(new Set(tries).size);
});

test('events of another session say nothing', () => {
  const memory = newMemory('ses_other');

  expect(delegated.flatMap((event) => readEvent(memory, event))).toEqual([]);
});

test('an event of a kind that is not known says nothing', () => {
  const memory = newMemory('ses_1');
  const event = { id: 'evt_1', type: 'not.known.yet', properties: {} } as unknown as Event;

  expect(readEvent(memory, event)).toEqual([]);
});

function recorded(name: string): readonly Event[] {
  const lines = readFileSync(new URL(`fixtures/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as Event);
}

/** The session that was begun last by us: the first that is busy. */
function rootOf(events: readonly Event[]): string {
  const status = events.find((event) => event.type === 'session.status');
  return status?.type === 'session.status' ? status.properties.sessionID : '';
}

function readAll(events: readonly Event[]): readonly Progress[] {
  const memory = newMemory(rootOf(events));
  return events.flatMap((event) => readEvent(memory, event));
}

function textOf(progress: readonly Progress[]): string {
  return progress.map((one) => (one.type === 'text' ? one.text : '')).join('');
}

function costOf(events: readonly Event[]): number {
  return events.reduce((sum, event) => {
    if (event.type !== 'message.part.updated' || event.properties.part.type !== 'step-finish') return sum;
    return sum + event.properties.part.cost;
  }, 0);
}
