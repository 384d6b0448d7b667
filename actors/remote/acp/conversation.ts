/** What was said and done in a session: its last answer, and all of it as Markdown for people. Bounded. */
import { fence } from '#actors/remote/workspace/fence.ts';
import type { Calls } from './calls.ts';
import type { PlanItem, ToolChange, Update } from './link.ts';

type Entry =
  | { readonly type: 'told' | 'text' | 'thought'; readonly messageId: string | null; text: string }
  | { readonly type: 'tool'; readonly callId: string };

const CHARS_MAX = 2_000_000;
const ENTRIES_MAX = 20_000;
const DIFF_CHARS_MAX = 4_000;
const MARKS = { pending: ' ', in_progress: '~', completed: 'x' } as const;

export class Conversation {
  readonly #calls: Calls;
  readonly #entries: Entry[] = [];
  readonly #begun = new Set<string>();
  #plan: readonly PlanItem[] = [];
  #chars = 0;
  #isCut = false;
  /** Since the agent did something else than speak, or was spoken to. */
  #answer = '';
  #answerId: string | null = null;

  /** `calls`: those that its tool entries speak of. */
  constructor(calls: Calls) {
    this.#calls = calls;
  }

  get isEmpty(): boolean {
    return !this.#entries.some(({ type }) => type !== 'told');
  }

  /** The last that the agent said, if it did nothing after it. */
  get answer(): string {
    return this.#answer.trim();
  }

  /** Something was said to the agent. */
  tell(text: string): void {
    this.#answer = '';
    this.#push({ type: 'told', messageId: null, text }, text.length);
  }

  take(update: Update): void {
    if (update.type === 'text') {
      this.#hearAnswer(update.text, update.messageId);
      this.#speak('text', update.text, update.messageId);
    }
    if (update.type === 'thought') {
      this.#answer = '';
      this.#speak('thought', update.text, update.messageId);
    }
    if (update.type === 'tool') this.#act(update.callId);
    if (update.type === 'plan') this.#plan = update.items;
  }

  toMarkdown(title: string): string {
    const parts = [`# ${title}`, ...this.#entries.map((entry) => this.#write(entry))];
    if (this.#plan.length > 0) {
      parts.push('## Plan', this.#plan.map(({ text, status }) => `- [${MARKS[status]}] ${text}`).join('\n'));
    }
    if (this.#isCut) parts.push('… there was more than is kept here.');
    return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
  }

  #hearAnswer(text: string, messageId: string | null): void {
    const isNew = messageId !== null && this.#answerId !== null && messageId !== this.#answerId;
    this.#answer = (isNew ? text : this.#answer + text).slice(-CHARS_MAX);
    this.#answerId = messageId;
  }

  #speak(type: 'text' | 'thought', text: string, messageId: string | null): void {
    const last = this.#entries.at(-1);
    if (last?.type === type && last.messageId === messageId) {
      if (this.#hasRoom(text.length)) last.text += text;
      return;
    }
    this.#push({ type, messageId, text }, text.length);
  }

  /** What is heard of a call that was begun before is no new deed. */
  #act(callId: string): void {
    if (this.#begun.has(callId)) return;
    this.#begun.add(callId);
    this.#answer = '';
    this.#push({ type: 'tool', callId }, callId.length);
  }

  #push(entry: Entry, chars: number): void {
    if (this.#entries.length < ENTRIES_MAX && this.#hasRoom(chars)) this.#entries.push(entry);
    else this.#isCut = true;
  }

  #hasRoom(chars: number): boolean {
    this.#chars += chars;
    if (this.#chars <= CHARS_MAX) return true;
    this.#isCut = true;
    return false;
  }

  #write(entry: Entry): string {
    if (entry.type === 'tool') {
      const call = this.#calls.find(entry.callId);
      return call === null ? '' : writeCall(call);
    }
    const text = entry.text.trim();
    if (entry.type === 'told') return `## Told\n\n${text}\n\n## Agent`;
    return entry.type === 'thought' ? text.replace(/^/gm, '> ') : text;
  }
}

function writeCall({ kind, name, title, status, input, output, diffs = [] }: ToolChange): string {
  const parts = [`**${name ?? kind ?? 'tool'}**${title ? `: ${title}` : ''} (${status ?? 'pending'})`];
  if (input !== undefined) parts.push(fence(JSON.stringify(input, null, 2) ?? '', 'json'));
  for (const { path, oldText, newText } of diffs) {
    const removed = oldText === null ? '' : oldText.slice(0, DIFF_CHARS_MAX).replace(/^/gm, '-');
    const added = newText.slice(0, DIFF_CHARS_MAX).replace(/^/gm, '+');
    parts.push(`\`${path}\``, fence([removed, added].filter((side) => side !== '').join('\n'), 'diff'));
  }
  if (output !== undefined && output.trim() !== '') parts.push(fence(output));
  return parts.join('\n\n');
}
