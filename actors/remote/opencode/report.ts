/** Says opencode's progress the way the orchestrator wants to hear it. */
import type { AgentTask, ProgressReport, ToolCall } from '#actors/remote/sdk/task.ts';
import type { TokenUsage } from '#protocols/task.ts';
import type { Progress } from './progress.ts';
import type { Tokens } from './tokens.ts';

/** `tool` is left out for what is a report alone. */
export type Report = { readonly progress?: ProgressReport; readonly tool?: ToolCall };

/** Of one attempt so far. `apiCalls`: those that failed among them. */
export type Use = {
  readonly tokens: Tokens;
  readonly costUsd: number;
  readonly apiCalls: number;
  readonly apiErrors: number;
};

const NOTE_CHARS_MAX = 300;
/** How providers and opencode say that there was too much of us. */
const RATE_LIMITED = /rate.?limit|too many requests|overloaded|\b429\b|quota/i;

export function toUsage({ tokens, costUsd, apiCalls, apiErrors }: Use): TokenUsage {
  return {
    tokens_in: tokens.input + tokens.cacheRead + tokens.cacheWrite,
    tokens_out: tokens.output + tokens.reasoning,
    cost_usd: costUsd,
    api_calls: apiCalls,
    api_errors: apiErrors,
  };
}

/** With what was used before in a session that is lost. */
export function addUsage(usage: TokenUsage, before: TokenUsage | null): TokenUsage {
  if (before === null) return usage;
  return {
    tokens_in: usage.tokens_in + before.tokens_in,
    tokens_out: usage.tokens_out + before.tokens_out,
    cost_usd: usage.cost_usd + before.cost_usd,
    api_calls: (usage.api_calls ?? 0) + (before.api_calls ?? 0),
    api_errors: (usage.api_errors ?? 0) + (before.api_errors ?? 0),
  };
}

export type ReporterOptions = {
  readonly directory: string;
  /** What was used before in a session that is lost. */
  readonly before: () => TokenUsage | null;
};

/** Makes a reporter for one attempt. It keeps the end of what the model says, whose last line is the note. */
export function makeReporter(
  task: Pick<AgentTask, 'progress' | 'tool'>,
  { directory, before }: ReporterOptions,
) {
  let saying = '';
  let partId = '';
  return async (progress: Progress): Promise<void> => {
    if (progress.type === 'text') {
      saying = (progress.partId === partId ? saying + progress.text : progress.text).slice(
        -2 * NOTE_CHARS_MAX,
      );
      partId = progress.partId;
    }
    const report = toReport(progress, saying, directory);
    const { usage, ...others } = report.progress ?? {};
    const counted = usage === undefined ? {} : { usage: addUsage(usage, before()) };
    if (report.progress !== undefined) await task.progress({ ...others, ...counted });
    if (report.tool !== undefined) await task.tool(report.tool);
  };
}

export function toReport(progress: Progress, saying: string, directory: string): Report {
  switch (progress.type) {
    case 'text': {
      const note = lastLine(saying);
      return note === '' ? {} : { progress: { note } };
    }
    case 'reasoning':
      return {};
    case 'tool': {
      const { callId, tool, status } = progress;
      // The place of a working copy says nothing to the one who reads.
      return { tool: { callId, tool, status, title: progress.title.replaceAll(`${directory}/`, '') } };
    }
    case 'step': {
      const { index, total: tokens, costUsd, apiErrors } = progress;
      return { progress: { usage: toUsage({ tokens, costUsd, apiCalls: index + apiErrors, apiErrors }) } };
    }
    case 'todo': {
      const done = progress.items.filter(({ status }) => status === 'completed').length;
      const current = progress.items.find(({ status }) => status === 'in_progress');
      const note = current === undefined ? {} : { note: current.text.slice(0, NOTE_CHARS_MAX) };
      const percent = progress.items.length === 0 ? {} : { percent: (100 * done) / progress.items.length };
      return { progress: { ...note, ...percent } };
    }
    case 'retry': {
      const note = `The model did not answer, try ${progress.attempt}: ${progress.message}`;
      const waits = RATE_LIMITED.test(progress.message) ? ({ waitsFor: 'rate_limit' } as const) : {};
      return { progress: { note, ...waits } };
    }
  }
}

function lastLine(text: string): string {
  const line = text.split('\n').findLast((candidate) => candidate.trim() !== '') ?? '';
  return line.trim().slice(0, NOTE_CHARS_MAX);
}
