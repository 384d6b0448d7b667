/**
 * A model behind any OpenAI-compatible endpoint: one question, one answer, and what it took. The one file that knows the
 * client.
 *
 * L1. Every call ends within `timeoutMs`, with its task, or after `retriesMax` repeats; 429 and 5xx are repeated later and
 *     later, and as `Retry-After` says.
 * L2. The key is in no message that leaves here.
 */
import OpenAI from 'openai';
import type { ChatCompletion, ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { TokenUsage } from '#protocols/task.ts';

export type ModelOptions = {
  /** Up to what stands before `/chat/completions`. */
  readonly url: string;
  readonly model: string;
  readonly key: string | null;
  readonly usdPerMillion: { readonly in: number; readonly out: number };
  readonly timeoutMs: number;
  readonly retriesMax: number;
  /** Of one answer. */
  readonly tokensMax: number;
};

export type Said = { readonly role: 'system' | 'user' | 'assistant'; readonly content: string };

/** What an answer must look like; endpoints that know of it hold the model to it. */
export type Form = { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };

export type Question = {
  readonly messages: readonly Said[];
  readonly form: Form;
  readonly signal: AbortSignal;
  /** Told while the endpoint wants to be left alone for a while, and when it answers again. */
  readonly onLimited: (isLimited: boolean) => void;
};

export type Model = {
  /** Of all questions so far. */
  readonly usage: () => Usage;
  /** The text of the answer. Rejects with a ModelFailure, or with the signal's reason. */
  ask(question: Question): Promise<string>;
};

export type Usage = { -readonly [Field in keyof TokenUsage]-?: number };

/** Expected: the endpoint did not answer, or not with an answer. */
export class ModelFailure extends Error {
  override name = 'ModelFailure';
  readonly code: 'MODEL_UNAVAILABLE' | 'MODEL_REFUSED' | 'ANSWER_TOO_LONG';
  readonly retryable: boolean;

  constructor(code: ModelFailure['code'], message: string, retryable: boolean) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

const MILLION = 1_000_000;
const MESSAGE_CHARS_MAX = 500;
const LATER_STATUSES: ReadonlySet<number> = new Set([408, 409, 429]);

/** One of these a task: it counts what the task took. */
export function openModel(options: ModelOptions): Model {
  const usage: Usage = { tokens_in: 0, tokens_out: 0, cost_usd: 0, api_calls: 0, api_errors: 0 };
  let onLimited: Question['onLimited'] = () => undefined;
  const client = new OpenAI({
    baseURL: options.url,
    // It wants one; endpoints without keys do not look.
    apiKey: options.key ?? 'none',
    timeout: options.timeoutMs,
    maxRetries: options.retriesMax,
    logLevel: 'off',
    organization: null,
    project: null,
    fetch: async (url, init) => {
      usage.api_calls += 1;
      const answer = await fetch(url, init).catch((error: unknown) => {
        usage.api_errors += 1;
        throw error;
      });
      if (!answer.ok) usage.api_errors += 1;
      onLimited(answer.status === 429);
      return answer;
    },
  });
  return {
    usage: () => ({ ...usage }),
    async ask(question) {
      onLimited = question.onLimited;
      try {
        const answer = await complete({ client, options, question });
        count(usage, answer, options);
        return textOf(answer);
      } catch (error) {
        question.signal.throwIfAborted();
        throw toFailure(error, options.key);
      }
    },
  };
}

type Asking = { readonly client: OpenAI; readonly options: ModelOptions; readonly question: Question };

/** An endpoint that knows no forms is asked without: the question says in words what is wanted, too. */
async function complete({ client, options, question }: Asking): Promise<ChatCompletion> {
  const { form, signal } = question;
  const messages: ChatCompletionMessageParam[] = [...question.messages];
  const body = { model: options.model, messages, max_completion_tokens: options.tokensMax };
  const response_format = {
    type: 'json_schema' as const,
    json_schema: { name: form.name, schema: { ...form.schema }, strict: false },
  };
  try {
    return await client.chat.completions.create({ ...body, response_format }, { signal });
  } catch (error) {
    const isUnknown = error instanceof OpenAI.APIError && (error.status === 400 || error.status === 422);
    if (!isUnknown) throw error;
    const { max_completion_tokens: max_tokens, ...rest } = body;
    return await client.chat.completions.create({ ...rest, max_tokens }, { signal });
  }
}

function count(usage: Usage, { usage: told }: ChatCompletion, { usdPerMillion }: ModelOptions): void {
  const tokensIn = told?.prompt_tokens ?? 0;
  const tokensOut = told?.completion_tokens ?? 0;
  usage.tokens_in += tokensIn;
  usage.tokens_out += tokensOut;
  // Some endpoints say what a call cost.
  const cost: unknown = told && 'cost' in told ? told.cost : undefined;
  usage.cost_usd +=
    typeof cost === 'number' && cost >= 0
      ? cost
      : (tokensIn * usdPerMillion.in + tokensOut * usdPerMillion.out) / MILLION;
}

function textOf({ choices }: ChatCompletion): string {
  const [choice] = choices;
  if (choice?.finish_reason === 'length') {
    const mend = 'raise OIO_MODEL_TOKENS_MAX';
    throw new ModelFailure(
      'ANSWER_TOO_LONG',
      `the answer was cut off by its bound of tokens: ${mend}`,
      false,
    );
  }
  const refusal = choice?.message.refusal;
  if (refusal) throw new ModelFailure('MODEL_REFUSED', `the model will not do it: ${clip(refusal)}`, false);
  return choice?.message.content ?? '';
}

function toFailure(error: unknown, key: string | null): unknown {
  if (error instanceof ModelFailure || !(error instanceof OpenAI.APIError)) return error;
  const words = clip(withoutKey(error.message, key));
  const { status } = error;
  if (status === undefined) return new ModelFailure('MODEL_UNAVAILABLE', `no answer: ${words}`, true);
  const isLater = status >= 500 || LATER_STATUSES.has(status);
  const code = isLater ? 'MODEL_UNAVAILABLE' : 'MODEL_REFUSED';
  return new ModelFailure(code, `the endpoint answered ${status}: ${words}`, isLater);
}

/** Endpoints repeat the key, or both ends of it, in what they say of a wrong one. */
function withoutKey(text: string, key: string | null): string {
  const plain = key === null ? text : text.replaceAll(key, '***');
  return plain.replace(/\b(?:sk|key)-[\w*-]{4,}/g, '***');
}

function clip(text: string): string {
  return text.length <= MESSAGE_CHARS_MAX ? text : `${text.slice(0, MESSAGE_CHARS_MAX)}…`;
}
