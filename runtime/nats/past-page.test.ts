import { expect, test } from 'vitest';
import { eventSubject, subjectMatches } from '#protocols/subjects.ts';
import type { EventSource, ReadEvent } from './past-page.ts';
import { readPage } from './past-page.ts';

const AGENT = eventSubject({ type: 'agent', tenant: 'dev', id: 'a1' }, 'changed');
const TASK = eventSubject({ type: 'task', tenant: 'dev', id: 't1' }, 'changed');
const LOCK = eventSubject({ type: 'lock', tenant: 'dev', id: 'locks' }, 'granted');
const record = {
  ...{ id: 'event', address: 'agent/dev/a1', name: 'changed', version: 1, at: '2026-01-01T00:00:00.000Z' },
  ...{ cause: 'cause', root: 'root', payload: {} },
};

/** A stream from `firstSeq` on; the server that is asked has it up to what `copiedOf` says at each read. */
function sourceOf(
  subjects: readonly string[],
  options: { firstSeq?: number; copiedOf?: (read: number) => number } = {},
): EventSource & { reads: number } {
  const { firstSeq = 1, copiedOf = () => subjects.length } = options;
  return {
    reads: 0,
    bounds: async () => ({ firstSeq, lastSeq: subjects.length }),
    subjectAt: async (seq) => (seq >= firstSeq ? (subjects[seq - 1] ?? null) : null),
    async read({ filters, afterSeq, limit }) {
      this.reads += 1;
      const copied = subjects.slice(0, copiedOf(this.reads));
      return copied
        .map((subject, index): ReadEvent => {
          const seq = index + 1;
          return { seq, subject, event: { seq, subject, record } };
        })
        .filter(({ seq, subject }) => {
          const isWanted = filters.some((filter) => subjectMatches(filter, subject));
          return isWanted && seq > afterSeq && seq >= firstSeq;
        })
        .slice(0, limit);
    },
  };
}

const agents = { filter: 'evt.dev.agent.>', afterSeq: 0, limit: 100 };
const seqsOf = (page: { events: readonly { seq: number }[] }) => page.events.map(({ seq }) => seq);

test('a page that is not full is through to the newest event, whatever that one is', async () => {
  const page = await readPage(sourceOf([AGENT, TASK, AGENT, TASK]), agents, 0);

  expect(seqsOf(page)).toEqual([1, 3]);
  expect(page).toMatchObject({ throughSeq: 4, firstSeq: 1 });
});

test('a full page is through to its last event', async () => {
  const page = await readPage(sourceOf([AGENT, TASK, AGENT, AGENT, LOCK]), { ...agents, limit: 2 }, 0);

  expect(seqsOf(page)).toEqual([1, 3]);
  expect(page.throughSeq).toBe(3);
});

test('a server whose copy is behind is asked again until it has the newest event: nothing is left out', async () => {
  const source = sourceOf([AGENT, TASK, AGENT, TASK], { copiedOf: (read) => read });

  const page = await readPage(source, agents, 0);

  expect(seqsOf(page)).toEqual([1, 3]);
  expect(source.reads).toBe(4);
});

test('a read that does not get to the newest event fails rather than leave something out', async () => {
  const source = sourceOf([AGENT, TASK, AGENT, TASK], { copiedOf: () => 2 });

  await expect(readPage(source, agents, 0)).rejects.toThrow('could not be read up to 4');
});

test('of a stream that was purged nothing is awaited', async () => {
  const page = await readPage(sourceOf([AGENT, AGENT], { firstSeq: 3 }), agents, 0);

  expect(page).toEqual({ events: [], throughSeq: 2, firstSeq: 3 });
});
