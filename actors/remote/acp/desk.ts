/**
 * What an ACP agent asks for, put to people and rules; and their answers, given back once.
 *
 * P1. Each request has a name of its own; two at once are answered apart.
 * P2. What nobody answers is rejected; what is taken back is answered `cancelled`.
 * P3. What the agent has us run or write without having asked is asked for by us, under the same rules. One permission is
 *     for one time.
 */
import { resolve } from 'node:path';
import type { PermissionAnswer, PermissionQuestion } from '#actors/remote/sdk/requests.ts';
import type { Calls } from './calls.ts';
import { type PermissionAsked, RefusedAsk, type TerminalWish, type ToolChange } from './link.ts';
import { chooseOption, commandOf, isTooMuch, ofCommand, ofWrite, toQuestion } from './permission.ts';

export interface People {
  askPermission(question: PermissionQuestion): Promise<PermissionAnswer>;
}

export interface DeskOptions {
  readonly people: People;
  /** The working copy. */
  readonly directory: string;
  readonly calls: Calls;
}

type Question = ReturnType<typeof toQuestion>;

const NO = { isAllowed: false, optionKind: null } as const;
const GRANTS_MAX = 1_000;
const NAME_CHARS_MAX = 80;

export class Desk {
  readonly #options: DeskOptions;
  readonly #asked = new Set<AbortController>();
  /** Permissions that were given and not used yet, by what they are for. */
  readonly #grants: string[] = [];
  #count = 0;
  #isClosed = false;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** How many wait for an answer. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** The option that was chosen for the agent; null: the request was taken back. */
  async permit({ call, options }: PermissionAsked): Promise<string | null> {
    const { calls, directory } = this.#options;
    const known = { ...calls.find(call.callId), ...call };
    const answer = await this.#ask(toQuestion(known, directory), known.callId);
    if (answer === null) return null;
    const optionId = chooseOption(options, answer);
    if (answer.isAllowed && optionId !== null) this.#grant(known);
    return optionId;
  }

  /** Throws `RefusedAsk` where the command may not be run. */
  async mayRun({ command, args }: TerminalWish): Promise<void> {
    const line = [command, ...args].join(' ');
    if (this.#use(ofRun(line))) return;
    await this.#require(ofCommand(line), `"${line}" was not permitted`);
  }

  /** Throws `RefusedAsk` where the file may not be written. */
  async mayWrite(path: string): Promise<void> {
    if (this.#use(ofPath(path))) return;
    await this.#require(ofWrite(path, this.#options.directory), `writing ${path} was not permitted`);
  }

  /** What is asked now is taken back. */
  takeBack(): void {
    for (const asking of this.#asked) asking.abort();
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#isClosed = true;
    this.takeBack();
  }

  async #require(question: Question, refusal: string): Promise<void> {
    const answer = await this.#ask(question, 'run');
    if (answer?.isAllowed !== true) throw new RefusedAsk('invalid', refusal);
  }

  async #ask(
    question: Question,
    name: string,
  ): Promise<Pick<PermissionAnswer, 'isAllowed' | 'optionKind'> | null> {
    if (this.#isClosed) return null;
    if (isTooMuch(question)) return NO;
    this.#count += 1;
    const readable = name.replaceAll(/[^\x21-\x7e]/g, '-').slice(0, NAME_CHARS_MAX);
    const requestId = `acp-${this.#count}-${readable}`;
    const asking = new AbortController();
    this.#asked.add(asking);
    try {
      const answer = await this.#options.people.askPermission({
        ...question,
        requestId,
        signal: asking.signal,
      });
      return asking.signal.aborted ? null : answer;
    } catch {
      // It could not be asked: too long, or too many. Without a yes it is a no.
      return asking.signal.aborted ? null : NO;
    } finally {
      this.#asked.delete(asking);
    }
  }

  #grant(call: ToolChange): void {
    this.#grants.push(...this.#grantsOf(call));
    if (this.#grants.length > GRANTS_MAX) this.#grants.splice(0, this.#grants.length - GRANTS_MAX);
  }

  #grantsOf(call: ToolChange): readonly string[] {
    if (call.kind === 'execute') return [ofRun(commandOf(call) ?? call.title ?? '')];
    // Who may read a file may not write it.
    if (call.kind === 'read' || call.kind === 'search' || call.kind === 'fetch') return [];
    return (call.paths ?? []).map((path) => ofPath(resolve(this.#options.directory, path)));
  }

  #use(grant: string): boolean {
    const at = this.#grants.indexOf(grant);
    if (at >= 0) this.#grants.splice(at, 1);
    return at >= 0;
  }
}

function ofRun(line: string): string {
  return `run ${line}`;
}

function ofPath(path: string): string {
  return `write ${resolve(path)}`;
}
