/** The one logger: JSON lines on stdout, an event name plus fields. */
import { type Logger, pino } from 'pino';

export type { Logger };

export function buildLogger(options: { level: string; role: string; id?: string }): Logger {
  return pino({
    level: options.level,
    base: { role: options.role, ...(options.id === undefined ? {} : { id: options.id }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: ['password', 'token', '*.password', '*.token'], censor: '[redacted]' },
  });
}
