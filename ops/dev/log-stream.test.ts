import { expect, test } from 'vitest';
import { readNatsLine, readPostgresLine } from './log-line.ts';
import { buildLogStream } from './log-stream.ts';

test('piped, each process writes JSON lines under its role, and what is no JSON is wrapped', () => {
  const written: string[] = [];
  const logs = buildLogStream({ level: 'info', isPretty: false, write: (text) => written.push(text) });

  logs.line('node-1', '{"level":"info","role":"node","id":"node-1","partitions":64,"msg":"ready"}');
  logs.line('gateway', '{"level":20,"msg":"too fine to show"}');
  logs.line('gateway', 'Error: plain text');
  logs.line('gateway', '  ');

  expect(written.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', role: 'node-1', id: 'node-1', partitions: 64, msg: 'ready' },
    { level: 'info', role: 'gateway', time: expect.any(String), msg: 'Error: plain text' },
  ]);
});

test('on a terminal a line shows role and message with the fields below', () => {
  const written: string[] = [];
  const logs = buildLogStream({ level: 'info', isPretty: true, write: (text) => written.push(text) });

  logs.say('warn', 'restarting', { in_ms: 500 });

  expect(written.join('')).toMatch(/stack +restarting/);
  expect(written.join('')).toContain('in_ms');
});

test("the services' own levels are read from their lines", () => {
  expect(readNatsLine('[7] 2026/11/21 04:00:00.000000 [WRN] Low on space')).toEqual({
    level: 'warn',
    message: 'Low on space',
  });
  expect(readNatsLine('[7] 2026/11/21 04:00:00.000000 [INF] Server is ready')).toMatchObject({
    level: 'debug',
  });
  expect(readPostgresLine('2026-11-21 04:00:00.000 UTC [9] FATAL:  could not write: No space left')).toEqual({
    level: 'error',
    message: 'could not write: No space left',
  });
  expect(readPostgresLine('2026-11-21 04:00:00.000 UTC [9] LOG:  ready')).toMatchObject({ level: 'debug' });
});
