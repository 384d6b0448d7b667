/** One stream of logs from all processes: readable on a terminal, JSON lines where it is piped. */
import pretty from 'pino-pretty';
import type { LogLine } from './log-line.ts';

const RANKS: Readonly<Record<string, number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
};
const ROLE_WIDTH = 11;

type LogRecord = Record<string, unknown> & {
  readonly level: string;
  readonly role: string;
  readonly msg: string;
};

export interface LogStream {
  /** A line of one of our processes: JSON as its logger wrote it, or whatever else it printed. */
  line(role: string, text: string): void;
  service(role: string, line: LogLine): void;
  /** The stack's own word. */
  say(level: string, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface LogStreamOptions {
  readonly level: string;
  readonly isPretty: boolean;
  readonly write: (text: string) => void;
}

export function buildLogStream({ level, isPretty, write }: LogStreamOptions): LogStream {
  const render = isPretty ? buildRenderer() : (record: LogRecord) => `${JSON.stringify(record)}\n`;
  const least = RANKS[level] ?? 30;
  const put = (record: LogRecord): void => {
    if ((RANKS[record.level] ?? 30) >= least) write(render(record));
  };
  return {
    line: (role, text) => {
      if (text.trim() !== '') put(readRecord(role, text));
    },
    service: (role, line) => put(newRecord(line.level, role, line.message)),
    say: (at, message, fields) => put({ ...newRecord(at, 'stack', message), ...fields }),
  };
}

function newRecord(level: string, role: string, msg: string): LogRecord {
  return { level, time: new Date().toISOString(), role, msg };
}

function readRecord(role: string, text: string): LogRecord {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'level' in parsed) {
      const fields = parsed as Record<string, unknown>;
      return { ...fields, level: labelOf(fields.level), role, msg: String(fields.msg ?? '') };
    }
  } catch {
    // Not JSON: a stack trace, or something that a library printed.
  }
  return newRecord('info', role, text);
}

function labelOf(level: unknown): string {
  if (typeof level === 'string') return level;
  return Object.keys(RANKS).find((label) => RANKS[label] === level) ?? 'info';
}

function buildRenderer(): (record: LogRecord) => string {
  const render = pretty.prettyFactory({
    colorize: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname,role,id',
    messageFormat: (log, key) => `${String(log.role).padEnd(ROLE_WIDTH)} ${String(log[key])}`,
  });
  return (record) => render(record);
}
