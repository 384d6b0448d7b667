/** The one logger: JSON lines on stdout, an event name plus fields. */
import { type Logger, type LoggerOptions as LoggerSettings, pino } from 'pino';

export type { Logger };

export interface LoggerOptions {
  readonly level: string;
  readonly role: string;
  readonly id?: string;
  /** Where lines go; left out: stdout. */
  readonly to?: { write(line: string): void };
}

export function buildLogger(options: LoggerOptions): Logger {
  const settings: LoggerSettings = {
    level: options.level,
    base: { role: options.role, ...(options.id === undefined ? {} : { id: options.id }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['password', 'token', '*.password', '*.token'], censor: '[redacted]' },
  };
  return options.to ? pino(settings, options.to) : pino(settings);
}
