/**
 * `oio`: the command line. Runs one command, and ends with the exit code of `exit.ts`.
 *
 * M1. The first Ctrl-C ends what a command waits for; what it left at work goes on. A second one ends the process at
 *     once. npm passes on a Ctrl-C that the terminal has sent already: one that follows within 100 ms is the same.
 */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { proposeCompletions, run, type StricliProcess } from '@stricli/core';
import { application, exitCodeOf } from './application.ts';
import type { Cli, Program } from './cli.ts';
import { EXIT } from './exit.ts';

const SAME_SIGNAL_MS = 100;

const PROGRAMS: Readonly<Record<Program, string>> = {
  dev: '../dev/main.ts',
  node: '../../runtime/main.ts',
  gateway: '../../gateway/main.ts',
  agent: '../../actors/remote/opencode/main.ts',
  'agent acp': '../../actors/remote/acp/main.ts',
  'agent shell': '../../actors/remote/shell/main.ts',
  'agent model': '../../actors/remote/model/main.ts',
  mcp: '../mcp/main.ts',
};

/** A program says its exit code itself. */
let isProgram = false;
let interrupted: AbortController | null = null;

function interrupts(): AbortSignal {
  if (interrupted) return interrupted.signal;
  const controller = new AbortController();
  interrupted = controller;
  let firstAt: number | null = null;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (firstAt !== null && performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
      firstAt ??= performance.now();
      controller.abort(new Error('interrupted'));
    });
  }
  return controller.signal;
}

/** The program reads its own parameters and settings, and ends the process by itself. */
async function start(program: Program, parameters: readonly string[]): Promise<void> {
  process.argv.splice(2, process.argv.length, ...parameters);
  isProgram = true;
  await import(new URL(PROGRAMS[program], import.meta.url).href);
}

async function readStdin(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  return text;
}

/** What is typed is not echoed. */
async function readSecret(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return readStdin();
  process.stderr.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    const [line] = await once(lines, 'line', { signal: interrupts() });
    return String(line);
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

// Whoever read our output is gone: so is the reason to go on.
process.stdout.on('error', () => process.exit(EXIT.done));

const own: StricliProcess = { stdout: process.stdout, stderr: process.stderr, env: process.env };
const isTerminal = process.stdout.isTTY === true && process.env.TERM !== 'dumb';
const cli: Cli = {
  process: own,
  env: process.env,
  fetch,
  terminal: isTerminal ? process.stdout : null,
  readStdin,
  readSecret,
  interrupts,
  propose: async (words) => {
    const found = await proposeCompletions(application, words.length === 0 ? [''] : words, cli);
    return found.map((one) => one.completion);
  },
  start,
};
await run(application, process.argv.slice(2), cli);
if (!isProgram || exitCodeOf(own.exitCode) !== EXIT.done) process.exitCode = exitCodeOf(own.exitCode);
