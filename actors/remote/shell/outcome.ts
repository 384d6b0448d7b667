/** From what a command said and how it ended to what the orchestrator is told. Pure. */
import { z } from 'zod';
import { clip, type WorkResult } from '#actors/remote/sdk/result.ts';
import type { ProgressReport } from '#actors/remote/sdk/task.ts';
import { TrainingReport } from '#protocols/training-report.ts';
import type { CommandEnding, CommandLimits } from './command.ts';

const NOTE_CHARS_MAX = 300;
const SUMMARY_LINES = 20;
const SUMMARY_CHARS_MAX = 4_000;
const MIB = 1_024 * 1_024;
/** `EX_TEMPFAIL` of sysexits: what could not be done now may be done later. */
const EXIT_LATER = 75;
const WORD_MARK = '::oio ';
const PERCENT = /^\s*(\d{1,3}(?:\.\d+)?)\s*%\s*(.*)$/;

/** A line of output as progress: the note, and the percentage that it may begin with (`40% compiling`). */
export function toReport(line: string): ProgressReport | null {
  const [, number, said] = PERCENT.exec(line) ?? [];
  const note = clip((said ?? line).trim(), NOTE_CHARS_MAX);
  const percent = number === undefined ? {} : { percent: Math.min(100, Number(number)) };
  if (note === '' && number === undefined) return null;
  return { ...percent, ...(note === '' ? {} : { note }) };
}

const Word = z.object({
  percent: z.number().min(0).max(100).optional(),
  note: z.string().max(NOTE_CHARS_MAX).optional(),
  training: TrainingReport.optional(),
  output: z.record(z.string().max(64), z.unknown()).optional(),
});
export type Word = z.infer<typeof Word>;

/**
 * A line that speaks to the orchestrator and not to people: `::oio {"training": {"points": [{"step": 1, "loss": 2}]}}`,
 * `::oio {"output": {"model": "acme/fixer"}}`. Null: it is none, or can't be read, and is a line like any other.
 */
export function toWord(line: string): Word | null {
  if (!line.startsWith(WORD_MARK)) return null;
  try {
    return Word.safeParse(JSON.parse(line.slice(WORD_MARK.length))).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export function toProgress({ percent, note, training }: Word): ProgressReport {
  return {
    ...(percent === undefined ? {} : { percent }),
    ...(note === undefined ? {} : { note }),
    ...(training === undefined ? {} : { training }),
  };
}

/** The end of what it wrote, without empty lines. */
export function lastLines(output: Buffer): string {
  const text = output.subarray(-4 * SUMMARY_CHARS_MAX).toString('utf8');
  const lines = text.split(/\r?\n|\r/).filter((line) => line.trim() !== '');
  return clip(lines.slice(-SUMMARY_LINES).join('\n'), SUMMARY_CHARS_MAX);
}

export type CommandError = NonNullable<WorkResult['error']>;

/** What is wrong with how it ended; null: nothing. */
export function errorOf(ending: CommandEnding, limits: CommandLimits): CommandError | null {
  switch (ending.type) {
    case 'exited':
      if (ending.code === 0) return null;
      return fault(
        'COMMAND_FAILED',
        `the command ended with exit code ${ending.code}`,
        ending.code === EXIT_LATER,
      );
    case 'killed':
      return fault('COMMAND_KILLED', `the command was ended by ${ending.signal}`, true);
    case 'memory':
      return fault(
        'MEMORY_LIMIT',
        `the command used more than ${limits.memoryBytesMax / MIB} MiB of memory`,
        false,
      );
    case 'output':
      return fault('OUTPUT_LIMIT', `the command wrote more than ${limits.outputBytesMax / MIB} MiB`, false);
    case 'aborted':
      return fault('ABORTED', 'the command was told to end', true);
    case 'unstartable':
      return fault('COMMAND_UNSTARTABLE', `the command could not be started: ${ending.reason}`, true);
  }
}

function fault(code: string, message: string, retryable: boolean): CommandError {
  return { code, message, retryable };
}
