/**
 * What every command stands on: its settings, its client, its two outputs, and how it ends.
 *
 * O1. With --json stdout has JSON alone, one document or one a line; a failure is one JSON line on stderr.
 * O2. Whatever a command throws ends it with the exit code of its kind, and with what mends it.
 */
import type { StricliProcess } from '@stricli/core';
import { type ApiClient, buildClient, type Fetch } from '#protocols/client/client.ts';
import { type CliFailure, toCliFailure } from './exit.ts';
import { buildOutput, type Output } from './output.ts';
import { findKey } from './saved-keys.ts';
import { type Env, parseSettings, type Settings } from './settings.ts';

/** The world as commands see it; main.ts has the real one, tests have theirs. */
export interface Cli {
  readonly process: StricliProcess;
  readonly env: Env;
  readonly fetch: Fetch;
  /** Where a live view may be drawn; null: lines only. */
  readonly terminal: NodeJS.WriteStream | null;
  readonly readStdin: () => Promise<string>;
  /** The same; where it is typed, nobody sees it. */
  readonly readSecret: (prompt: string) => Promise<string>;
  /** From now on Ctrl-C aborts this, and a second one ends the process. */
  readonly interrupts: () => AbortSignal;
  /** What could come next; the last word is the one that is being written. */
  readonly propose: (words: readonly string[]) => Promise<readonly string[]>;
  /** Runs one of the programs here, in this process, until it ends. */
  readonly start: (program: Program, parameters: readonly string[]) => Promise<void>;
}

export type Program =
  | 'dev'
  | 'node'
  | 'gateway'
  | 'agent'
  | 'agent acp'
  | 'agent shell'
  | 'agent model'
  | 'mcp';

/** What every command that asks the gateway takes. */
export interface CommonFlags {
  readonly json: boolean;
  readonly url?: string;
}

export const COMMON = {
  json: { kind: 'boolean', brief: 'JSON on stdout and nothing else', default: false, withNegated: false },
  url: {
    kind: 'parsed',
    parse: String,
    brief: 'Where the gateway is (OIO_URL, http://localhost:8000)',
    placeholder: 'URL',
    optional: true,
  },
} as const;

export interface Job {
  readonly cli: Cli;
  readonly settings: Settings;
  readonly api: ApiClient;
  /** The same, ended by a signal with all that is under way. */
  readonly apiUntil: (signal: AbortSignal) => ApiClient;
  /** The same with another key. */
  readonly apiWith: (key: string) => ApiClient;
  /** What a line to the gateway is opened with, beside its address. */
  readonly headers: Readonly<Record<string, string>>;
  readonly out: Output;
}

/** Runs a command's work; what it throws becomes a failure that is shown as --json wants it. */
export async function perform(
  cli: Cli,
  flags: CommonFlags,
  work: (job: Job) => Promise<void>,
): Promise<void> {
  const out = buildOutput(cli.process, flags.json);
  let url = flags.url ?? 'the gateway';
  try {
    const settings = parseSettings(cli.env, flags);
    url = settings.url;
    const { timeoutMs } = settings;
    const key = findKey(settings);
    const build = (own: string | undefined, signal?: AbortSignal) =>
      buildClient({
        ...{ url, fetch: cli.fetch, timeoutMs },
        ...(own === undefined ? {} : { key: own }),
        ...(signal ? { signal } : {}),
      });
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
    const apiUntil = (signal?: AbortSignal) => build(key, signal);
    await work({ cli, settings, api: apiUntil(), apiUntil, apiWith: build, headers, out });
  } catch (thrown) {
    throw new Shown(toCliFailure(thrown, url), flags.json);
  }
}

/** A failure, and how it is to be shown. */
export class Shown extends Error {
  override name = 'Shown';
  readonly failure: CliFailure;
  readonly isJson: boolean;

  constructor(failure: CliFailure, isJson: boolean) {
    super(failure.message);
    this.failure = failure;
    this.isJson = isJson;
  }

  /** What goes to stderr. */
  get text(): string {
    const { message, mend, code, exitCode } = this.failure;
    if (this.isJson) return JSON.stringify({ error: { message, mend, code, exit_code: exitCode } });
    return mend === null ? `oio: ${message}` : `oio: ${message}\n  ${mend}`;
  }
}

/** Text of a command's help: what it does, and examples that a test runs through the parser. */
export function describe(docs: {
  readonly brief: string;
  readonly more?: string;
  readonly examples: readonly string[];
}): { readonly brief: string; readonly fullDescription: string } {
  const examples = ['Examples:', ...docs.examples.map((example) => `  ${example}`)].join('\n');
  return {
    brief: docs.brief,
    fullDescription: [`${docs.brief}.`, ...(docs.more ? [docs.more] : []), examples].join('\n\n'),
  };
}

/** A command with one argument that is an id. */
export function oneId(what: string) {
  return {
    kind: 'tuple',
    parameters: [{ brief: `Id of the ${what}`, parse: String, placeholder: 'id' }],
  } as const;
}

/** A whole number of a flag, or a wrong usage. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most || text.trim() === '') {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
}
