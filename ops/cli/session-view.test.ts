/** A session drawn on a terminal: nothing wider or higher than it, and nothing that an agent could smuggle in. */
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { toSessionView } from '#protocols/http/session.ts';
import { toTaskView } from '#protocols/http/task.ts';
import type { Task } from '#protocols/task.ts';
import { sampleSession, sampleTask } from '#protocols/testing/samples.ts';
import { buildTerminalView } from './session-view.ts';

function startTerminal(columns: number, rows: number) {
  const stream = Object.assign(new PassThrough(), { columns, rows, isTTY: true });
  let drawn = '';
  stream.on('data', (data) => {
    drawn += data;
  });
  // As much of a terminal as log-update looks at.
  const view = buildTerminalView(stream as unknown as NodeJS.WriteStream, '  the footer');
  return { view, drawn: () => drawn, lines: () => stripVTControlCharacters(drawn).trimEnd().split('\n') };
}

const session = toSessionView(sampleSession({ state: 'running' }), 1, 0);
const task = (id: string, changes: Partial<Task> = {}) =>
  toTaskView(sampleTask({ id, title: `Task ${id}`, ...changes }), 1);

test('a block has a headline, a bar for each task and the footer, and no line is wider than the terminal', () => {
  const { view, lines } = startTerminal(60, 24);

  view.draw(session, [task('1', { state: 'completed' }), task('2', { title: 'x'.repeat(200) })]);

  expect(lines()).toHaveLength(4);
  expect(lines()[0]).toContain('running');
  expect(lines()[1]).toMatch(/^ {2}█{16} completed/);
  expect(lines()[3]).toBe('  the footer');
  expect(Math.max(...lines().map((line) => line.length))).toBeLessThan(60);
});

test('of more tasks than there are rows those at work are shown, and how many more there are', () => {
  const { view, lines } = startTerminal(100, 10);
  const tasks = Array.from({ length: 50 }, (_, at) =>
    task(`${at}`, { state: at === 49 ? 'in_progress' : 'pending' }),
  );

  view.draw(session, tasks);

  expect(lines().length).toBeLessThan(10);
  expect(lines()[1]).toContain('Task 49');
  expect(lines().at(-2)).toBe('  … and 44 more');
});

test('what an agent says cannot move the cursor', () => {
  const { view, drawn } = startTerminal(100, 24);

  view.draw(session, [task('1', { title: 'a\u001b[2Jb' })]);

  expect(drawn()).not.toContain('\u001b[2J');
});
