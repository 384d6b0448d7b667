import { expect, test } from 'vitest';
import { SessionLog } from './session-log.ts';
import { frames } from './test-frames.ts';

const shown = (log: SessionLog) => log.lines.map(({ kind, head, words }) => `${kind} ${head}: ${words}`);

test('a call of a tool is one line from its beginning to its end, with how long it took', () => {
  const log = new SessionLog();
  const frame = frames();
  const call = (status: string, title = 'npm test') =>
    log.push(frame('task/t1', 'tool', { call_id: 'c1', tool: 'bash', title, status }));

  call('pending');
  log.push(frame('task/t1', 'transitioned', { to: 'in_progress', reason: 'accepted', agent_id: 'agent-1' }));
  call('in_progress');
  call('completed');

  expect(shown(log)).toEqual(['shell bash: npm test', 'state in_progress: accepted · agent-1']);
  expect(log.lines[0]).toMatchObject({ tookMs: 3_000, tone: 'done', taskId: 't1', key: 0 });
});

test('a sentence that grows is one line, and a report of something else does not repeat it', () => {
  const log = new SessionLog();
  const frame = frames();
  const say = (task: string, note: string) => log.push(frame(`task/${task}`, 'progressed', { note }));

  say('t1', 'I look');
  say('t2', 'Tests first');
  say('t1', 'I look at the store');
  log.push(frame('task/t1', 'tool', { call_id: 'c', tool: 'read', title: 'src/a.js', status: 'completed' }));
  say('t1', 'I look at the store');
  say('t1', 'Now I mend it');

  expect(shown(log)).toEqual([
    'text says: I look at the store',
    'text says: Tests first',
    'tool read: src/a.js',
    'text says: Now I mend it',
  ]);
});

test('each event is taken once, and what is of no interest leaves no line', () => {
  const log = new SessionLog();
  const one = frames()('task/t1', 'artifact_added', { role: 'patch', name: 'changes.patch' });

  expect(log.push(one)).toBe(true);
  expect(log.push(one)).toBe(false);
  expect(log.push(frames()('agent/a1', 'draining', {}))).toBe(false);
  expect(shown(log)).toEqual(['file patch: changes.patch']);
});

test('the log is bounded: the oldest lines go, and open calls still find theirs', () => {
  const log = new SessionLog(10);
  const frame = frames();
  const call = (id: string, status: string) =>
    log.push(frame('task/t1', 'tool', { call_id: id, tool: 'edit', title: id, status }));
  call('gone', 'in_progress');
  for (let count = 0; count < 1_400; count++) call(`c${count}`, 'completed');
  call('late', 'in_progress');
  call('more', 'completed');

  call('late', 'failed');
  call('gone', 'completed');

  expect(log.lines.length).toBeLessThanOrEqual(510);
  expect(log.dropped + log.lines.length).toBe(1_404);
  expect(log.lines.slice(-3).map(({ words, tone }) => `${words} ${tone}`)).toEqual([
    'late fail',
    'more done',
    'gone done',
  ]);
});
