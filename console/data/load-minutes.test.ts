import { expect, test } from 'vitest';
import type { AgentView } from '#protocols/http/agent.ts';
import { LOAD_MINUTES, LoadMinutes, loadGradient, loadWords } from './load-minutes.ts';

const busy = (id: string, running: number, capacity = 4) =>
  ({ id, load: { running, capacity } }) as Pick<AgentView, 'id' | 'load'>;

test('the load of a minute is the average of its readings, of the slots there are', () => {
  const loads = new LoadMinutes();
  loads.take([busy('a', 4)], 60);
  loads.take([busy('a', 0)], 90);
  loads.take([busy('a', 1)], 120);

  expect(loads.of('a', 121).slice(-3)).toEqual([null, 0.5, 0.25]);
});

test('a minute that nobody looked at is not known, which is not zero', () => {
  const loads = new LoadMinutes();
  loads.take([busy('a', 2)], 0);
  loads.take([busy('a', 2)], 180);

  expect(loads.of('a', 180).slice(-4)).toEqual([0.5, null, null, 0.5]);
  expect(loads.of('never seen', 180).every((share) => share === null)).toBe(true);
});

test('only the last minutes are kept, also of agents that are gone', () => {
  const loads = new LoadMinutes();
  loads.take([busy('gone', 4)], 0);
  for (let minute = 0; minute <= LOAD_MINUTES; minute++) loads.take([busy('a', 1)], minute * 60);

  expect(loads.of('gone', LOAD_MINUTES * 60).every((share) => share === null)).toBe(true);
  expect(loads.of('a', LOAD_MINUTES * 60)).toHaveLength(LOAD_MINUTES);
});

test('it is drawn in one piece, and said in words', () => {
  expect(loadGradient([null, 1])).toBe(
    'linear-gradient(90deg, transparent 0.00% 40.00%, transparent 40.00% 50.00%, ' +
      'color-mix(in srgb, var(--run) 100%, var(--ground)) 50.00% 90.00%, transparent 90.00% 100.00%)',
  );
  expect(loadWords([null, 0.5, 1])).toBe('75 % on average, at most 100 % in a minute, of 2 min');
  expect(loadWords([null])).toBe('not known yet');
});
