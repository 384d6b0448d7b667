/** What a command says: sentences and tables to people, JSON to programs. */
import type { StricliProcess } from '@stricli/core';

export interface Output {
  readonly isJson: boolean;
  /** A sentence on stdout; with --json nothing. */
  line(text: string): void;
  /** One document, on one line; without --json nothing. */
  json(value: unknown): void;
  /** One or the other. */
  both(value: unknown, text: string): void;
  /** Aside, on stderr, for people: never with --json. */
  note(text: string): void;
}

export function buildOutput(process: StricliProcess, isJson: boolean): Output {
  const line = (text: string) => {
    if (!isJson) process.stdout.write(`${text}\n`);
  };
  const json = (value: unknown) => {
    if (isJson) process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  return {
    isJson,
    line,
    json,
    both: (value, text) => {
      json(value);
      line(text);
    },
    note: (text) => {
      if (!isJson) process.stderr.write(`${text}\n`);
    },
  };
}

const CELL_MAX = 60;

/** Columns as wide as their widest cell; the last one is not padded. */
export function toTable(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(toCell))];
  const widths = head.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  return cells
    .map((row) => row.map((cell, at) => (at === head.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))))
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

function toCell(value: unknown): string {
  const text = value === null || value === undefined ? '-' : String(value);
  const line = plain(text);
  return line.length > CELL_MAX ? `${line.slice(0, CELL_MAX - 1)}…` : line;
}

/** On one line, and without what a terminal would obey: texts come from agents. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** `3 s`, `12 min`, `5 h`, `2 d`. */
export function toAge(fromMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - fromMs) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
