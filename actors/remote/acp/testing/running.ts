/** For tests of whole runs: the task around a run, and what is to be seen of this machine's processes. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { PermissionAnswer, PermissionQuestion } from '#actors/remote/sdk/requests.ts';
import type { ProgressReport, ToolCall } from '#actors/remote/sdk/task.ts';
import { type AgentProgram, type RunOptions, type RunOutcome, runTask } from '../run.ts';

export const YES: PermissionAnswer = {
  ...({ isAllowed: true, outcome: 'selected', optionId: 'once', optionKind: 'allow_once' } as const),
  ...{ by: 'user:anna', note: null },
};
export const NO: PermissionAnswer = {
  ...YES,
  isAllowed: false,
  optionId: 'reject',
  optionKind: 'reject_once',
};

export interface Wish extends Partial<Omit<RunOptions, 'program' | 'directory' | 'prompt'>> {
  readonly permit?: (question: PermissionQuestion) => PermissionAnswer | Promise<PermissionAnswer>;
}

export interface Ran {
  readonly outcome: RunOutcome;
  readonly reports: readonly ProgressReport[];
  readonly tools: readonly ToolCall[];
  readonly asked: readonly PermissionQuestion[];
}

export async function runAgent(
  place: { readonly program: AgentProgram; readonly directory: string },
  prompt: string,
  { permit = () => YES, ...wish }: Wish = {},
): Promise<Ran> {
  const [reports, tools, asked]: [ProgressReport[], ToolCall[], PermissionQuestion[]] = [[], [], []];
  const outcome = await runTask({
    ...place,
    title: 'The task',
    prompt,
    model: null,
    mcp: [],
    task: {
      progress: async (report) => void reports.push(report),
      tool: async (call) => void tools.push(call),
    },
    people: {
      askPermission: async (question) => {
        asked.push(question);
        return permit(question);
      },
    },
    signal: new AbortController().signal,
    onSteer: () => undefined,
    onFault: (error) => {
      throw error;
    },
    ...wish,
  });
  return { outcome, reports, tools, asked };
}

/** The processes of this machine, but this one, that have a command line like this. */
export function processesLike(pattern: RegExp): readonly number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    if (pid === process.pid) return false;
    try {
      return pattern.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
    } catch {
      return false;
    }
  });
}

export function commandsRunning(pattern: RegExp): number {
  return processesLike(pattern).length;
}

export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2_000; turn += 1) {
    if (isTrue()) return;
    await pause(25);
  }
  throw new Error('this did not come true in 50 s');
}
