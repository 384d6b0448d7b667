/** A line of a service's own log, read into level and message, so that all logs make one stream. */

export type Level = 'debug' | 'info' | 'warn' | 'error';
export interface LogLine {
  readonly level: Level;
  readonly message: string;
}

const NATS_LEVELS: Readonly<Record<string, Level>> = { WRN: 'warn', ERR: 'error', FTL: 'error' };
const POSTGRES_LEVELS: Readonly<Record<string, Level>> = {
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'error',
  PANIC: 'error',
};

/** `[12] 2026/11/21 04:00:00.000000 [INF] Server is ready`: what nats-server calls info is detail here. */
export function readNatsLine(line: string): LogLine {
  const [, tag = '', message = line] = /^\[\d+\] \S+ \S+ \[(\w+)\] (.*)$/.exec(line) ?? [];
  return { level: NATS_LEVELS[tag] ?? (line.startsWith('nats-server:') ? 'error' : 'debug'), message };
}

/** `2026-11-21 04:00:00.000 UTC [12] LOG:  database system is ready`. */
export function readPostgresLine(line: string): LogLine {
  const [, tag = '', message = line] = /(?:^|\] |postgres: )(\w+): {1,2}(.*)$/.exec(line) ?? [];
  return { level: POSTGRES_LEVELS[tag] ?? 'debug', message };
}
