/**
 * What an opencode session and its sub-agents ask, put to people; and their answers, given back once.
 *
 * P1. The lists of what is open are the truth; events only say when to look. What is open is asked once, under its own
 *     name, so that an answer finds it whatever comes between.
 * P2. What opencode no longer asks is taken back. What nobody answers is rejected, with why.
 * P3. A rejection ends, in opencode, all that waits in its session: it is given back when nothing else does there.
 * P4. `always` is the orchestrator's to keep: opencode is only ever told `once`, and asks again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpencodeClient, PermissionRequest, QuestionRequest } from '@opencode-ai/sdk/v2/client';
import type {
  InputAnswer,
  InputQuestion,
  PermissionAnswer,
  PermissionQuestion,
} from '#actors/remote/sdk/requests.ts';
import { read, tell } from './ask.ts';
import { AttemptFailure } from './failure.ts';

export interface People {
  askPermission(question: PermissionQuestion): Promise<PermissionAnswer>;
  askInput(question: InputQuestion): Promise<InputAnswer>;
}

export interface DeskOptions {
  readonly client: OpencodeClient;
  readonly directory: string;
  readonly sessionId: string;
  /** Null: nobody is there, and all is rejected. */
  readonly people: People | null;
}

const NOBODY =
  'Nobody is there to answer. Do it without this, inside the working directory, or say what is missing.';
/** Between the first and the last of what a model asks for in one step. */
const AT_ONCE_MS = 250;
const GONE = new Set(['OPENCODE_REFUSED']);
/** So many things at once cannot be judged one by one. */
const PATTERNS_MAX = 20;
const PATTERNS_CHARS_MAX = 6_000;
const DETAIL_CHARS_MAX = 2_500;

export class Desk {
  readonly #options: DeskOptions;
  /** What is open and being asked, by its name; aborted when opencode no longer asks. */
  readonly #asked = new Map<string, AbortController>();
  /** What was answered: a list that was on its way meanwhile may still have it. */
  readonly #answered = new Set<string>();
  /** Of what is open, permissions that have no answer yet: the session of each, and when it has. */
  readonly #undecided = new Map<string, { readonly session: string; readonly decided: Promise<void> }>();
  #failure: unknown = null;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** How many wait for people. */
  get waiting(): number {
    return this.#asked.size;
  }

  /** Looks at what is open now. Throws what a given answer met: the server may be gone. */
  async look(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const { client, directory } = this.#options;
    const [permissions, questions] = await Promise.all([
      read('its open permission requests', () => client.permission.list({ directory })),
      read('its open questions', () => client.question.list({ directory })),
    ]);
    const open = new Set([...permissions, ...questions].map(({ id }) => id));
    for (const [id, asking] of this.#asked) {
      if (open.has(id)) continue;
      asking.abort();
      this.#asked.delete(id);
    }
    for (const request of permissions) this.#once(request.id, (signal) => this.#permit(request, signal));
    for (const request of questions) this.#once(request.id, (signal) => this.#answer(request, signal));
  }

  /** Takes back what is still asked. */
  close(): void {
    for (const asking of this.#asked.values()) asking.abort();
    this.#asked.clear();
  }

  #once(id: string, handle: (signal: AbortSignal) => Promise<void>): void {
    if (this.#asked.has(id) || this.#answered.has(id)) return;
    const asking = new AbortController();
    this.#asked.set(id, asking);
    handle(asking.signal).then(
      () => {
        this.#asked.delete(id);
        this.#answered.add(id);
      },
      (error: unknown) => {
        this.#asked.delete(id);
        // Taken back or answered meanwhile: there is nothing left to answer.
        if (asking.signal.aborted || (error instanceof AttemptFailure && GONE.has(error.code))) return;
        this.#failure ??= error;
      },
    );
  }

  async #permit(request: PermissionRequest, signal: AbortSignal): Promise<void> {
    const { id, sessionID: session } = request;
    const { promise: decided, resolve } = Promise.withResolvers<void>();
    this.#undecided.set(id, { session, decided });
    const settle = (): void => {
      this.#undecided.delete(id);
      resolve();
    };
    try {
      const verdict = await this.#judge(request, signal);
      if (signal.aborted) return;
      if (verdict.isAllowed) return await this.#reply(id, { reply: 'once' });
      settle();
      await this.#othersDecided(session, signal);
      if (!signal.aborted) await this.#reply(id, { reply: 'reject', message: verdict.why });
    } finally {
      settle();
    }
  }

  async #reply(
    requestID: string,
    answer: { readonly reply: 'once' } | { readonly reply: 'reject'; readonly message: string },
  ): Promise<void> {
    const { client, directory } = this.#options;
    const replied = client.permission.reply({ requestID, directory, ...answer });
    await tell('the end of a permission request', replied);
  }

  /** What is asked at the same moment is seen a little later, and others may begin to wait meanwhile. */
  async #othersDecided(session: string, signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      await Promise.race([aborted, sleep(AT_ONCE_MS)]);
      if (signal.aborted) return;
      await this.look();
      const others = [...this.#undecided.values()].filter((one) => one.session === session);
      if (others.length === 0) return;
      await Promise.race([aborted, Promise.all(others.map((one) => one.decided))]);
    }
  }

  async #judge(
    request: PermissionRequest,
    signal: AbortSignal,
  ): Promise<{ isAllowed: boolean; why: string }> {
    const { people } = this.#options;
    if (people === null) return { isAllowed: false, why: NOBODY };
    if (isTooMuch(request.patterns)) {
      return { isAllowed: false, why: 'Too much at once to be judged: do it in smaller steps.' };
    }
    try {
      const asked = toQuestion(request, this.#options);
      const { isAllowed, outcome, note } = await people.askPermission({ ...asked, signal });
      return { isAllowed, why: whyNot(outcome, note) };
    } catch (error) {
      return { isAllowed: false, why: error instanceof Error ? error.message : NOBODY };
    }
  }

  async #answer(request: QuestionRequest, signal: AbortSignal): Promise<void> {
    const { client, directory } = this.#options;
    const about = { requestID: request.id, directory };
    const answers = await this.#ask(request, signal);
    if (signal.aborted) return;
    if (answers) await tell('the answer to a question', client.question.reply({ ...about, answers }));
    else await tell('the end of a question', client.question.reject(about));
  }

  async #ask(request: QuestionRequest, signal: AbortSignal): Promise<string[][] | null> {
    const { people, sessionId } = this.#options;
    if (people === null) return null;
    const { id: requestId, questions, sessionID } = request;
    const prompt = questions.map(({ question }) => question).join('\n') || 'A question without words';
    const origin = sessionID === sessionId ? {} : { originTaskId: sessionID };
    const asked = questions.map(({ question, header, options, multiple = false, custom = true }) => ({
      question: question.slice(0, 2_000) || '?',
      header: header.slice(0, 100),
      options: options.map(({ label, description }) => ({ label, description: description.slice(0, 500) })),
      multiple,
      custom,
    }));
    try {
      const { answers } = await people.askInput({ requestId, prompt, questions: asked, ...origin, signal });
      return answers;
    } catch {
      // It could not be asked: too long, or too many. The model decides by itself.
      return null;
    }
  }
}

function isTooMuch(patterns: readonly string[]): boolean {
  return patterns.length > PATTERNS_MAX || patterns.join('').length > PATTERNS_CHARS_MAX;
}

const TYPE_OF: Readonly<Record<string, PermissionQuestion['subject']['type']>> = {
  bash: 'command',
  edit: 'file',
  read: 'file',
  external_directory: 'file',
  webfetch: 'network',
  websearch: 'network',
};
const RISK_OF: Readonly<Record<string, PermissionQuestion['risk']>> = {
  edit: 'low',
  bash: 'medium',
  webfetch: 'medium',
  external_directory: 'high',
  doom_loop: 'high',
};

/** What opencode asks, in words for people and for rules. */
export function toQuestion(
  request: PermissionRequest,
  { sessionId, directory }: Pick<DeskOptions, 'sessionId' | 'directory'>,
): PermissionQuestion {
  const { id: requestId, permission, metadata, sessionID } = request;
  // A place that no pattern names is any place.
  const patterns = request.patterns.length === 0 ? ['*'] : request.patterns;
  const text = (name: string) => (typeof metadata[name] === 'string' ? String(metadata[name]) : undefined);
  const named = text('command') ?? text('filepath') ?? text('url') ?? patterns.join(', ');
  const title = named.replaceAll(`${directory}/`, '') || permission;
  const detail = text('diff') ?? (title.length > 500 ? named : undefined);
  const path = text('filepath');
  return {
    requestId,
    permission,
    patterns,
    always: request.always,
    subject: {
      type: TYPE_OF[permission] ?? 'tool',
      title: permission === 'bash' ? title : `${permission}: ${title}`,
      ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_CHARS_MAX) }),
      ...(path === undefined ? {} : { paths: [path] }),
    },
    risk: RISK_OF[permission] ?? 'unknown',
    ...(sessionID === sessionId ? {} : { originTaskId: sessionID }),
  };
}

function whyNot(outcome: PermissionAnswer['outcome'], note: string | null): string {
  if (outcome === 'expired')
    return `${note ?? 'Nobody answered in time'}. Do it without this, or say what is missing.`;
  return note === null ? 'A person rejected this. Do it without.' : `Rejected: ${note}`;
}
