/** Says what an ACP agent does the way the orchestrator wants to hear it. */
import { sep } from 'node:path';
import type { AgentTask, ProgressReport } from '#actors/remote/sdk/task.ts';
import type { TokenUsage } from '#protocols/task.ts';
import type { Calls } from './calls.ts';
import type { ToolChange, TurnEnd, Update } from './link.ts';

export interface ReporterOptions {
  readonly task: Pick<AgentTask, 'progress' | 'tool'>;
  /** The working copy, whose place says nothing to the one who reads. */
  readonly directory: string;
  readonly calls: Calls;
  /** Pieces of text are held for so long: a watcher wants a few words a second, not a hundred. */
  readonly holdMs: number;
  readonly onFault: (error: unknown) => void;
}

const NOTE_CHARS_MAX = 300;
const SAYING_CHARS_MAX = 2 * NOTE_CHARS_MAX;

/** The reports of one attempt. Order is kept, but for words: only the newest of them are said. */
export class Reporter {
  readonly #options: ReporterOptions;
  /** Of each call, how it was told last. */
  readonly #told = new Map<string, string>();
  #saying = '';
  #messageId: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #input = 0;
  #output = 0;
  #costUsd = 0;
  /** Of a session that is lost. */
  #lostUsd = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  /** Of the attempt so far, as far as the agent has told it. */
  get usage(): TokenUsage {
    return { tokens_in: this.#input, tokens_out: this.#output, cost_usd: this.#lostUsd + this.#costUsd };
  }

  /** From what an earlier process had told. A session that goes on has its own cost since its beginning. */
  countOn(before: TokenUsage | null, isEarlier: boolean): void {
    if (before === null) return;
    this.#input += before.tokens_in;
    this.#output += before.tokens_out;
    if (isEarlier) this.#costUsd = Math.max(this.#costUsd, before.cost_usd);
    else this.#lostUsd += before.cost_usd;
  }

  take(update: Update): void {
    switch (update.type) {
      case 'text':
        this.#speak(update.text, update.messageId);
        break;
      case 'tool':
        this.#tell(update);
        break;
      case 'plan': {
        const done = update.items.filter(({ status }) => status === 'completed').length;
        const current = update.items.find(({ status }) => status === 'in_progress');
        const percent = update.items.length === 0 ? {} : { percent: (100 * done) / update.items.length };
        this.#report({ ...percent, ...(current ? { note: current.text.slice(0, NOTE_CHARS_MAX) } : {}) });
        break;
      }
      case 'cost':
        // Of the whole session: an agent that counts again from nothing does not make it less.
        this.#costUsd = Math.max(this.#costUsd, update.usd ?? 0);
        this.#report({ usage: this.usage });
        break;
      case 'notice':
        this.#report({ note: update.text.slice(0, NOTE_CHARS_MAX) });
        break;
      case 'thought':
      case 'person':
    }
  }

  /** A turn has ended. */
  count({ tokens }: TurnEnd): void {
    this.flush();
    if (tokens === null) return;
    this.#input += tokens.input;
    this.#output += tokens.output;
    this.#report({ usage: this.usage });
  }

  /** Says at once what is held. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const note = lastLine(this.#saying);
    if (note !== '') this.#report({ note });
    this.#saying = '';
  }

  #speak(text: string, messageId: string | null): void {
    const isNew = messageId !== this.#messageId;
    this.#messageId = messageId;
    this.#saying = (isNew ? text : this.#saying + text).slice(-SAYING_CHARS_MAX);
    this.#timer ??= setTimeout(() => this.flush(), this.#options.holdMs);
  }

  #tell(change: ToolChange): void {
    const { calls, directory, task, onFault } = this.#options;
    const call = calls.find(change.callId) ?? change;
    const { callId, status = 'pending' } = call;
    const tool = call.name ?? call.kind ?? 'other';
    const title = (call.title ?? tool).replaceAll(`${directory}${sep}`, '');
    const said = `${status} ${title}`;
    if (this.#told.get(callId) === said) return;
    this.flush();
    this.#told.set(callId, said);
    task.tool({ callId, tool, title, status }).catch(onFault);
  }

  #report(report: ProgressReport): void {
    this.#options.task.progress(report).catch(this.#options.onFault);
  }
}

function lastLine(text: string): string {
  const line = text.split('\n').findLast((candidate) => candidate.trim() !== '') ?? '';
  return line.trim().slice(0, NOTE_CHARS_MAX);
}
