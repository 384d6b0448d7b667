/** Reads the messages of a finished opencode session: what was said, what it cost, and how it ended. Pure. */
import type { AssistantMessage, Message, Part } from '@opencode-ai/sdk/v2/client';
import { AttemptFailure, type AttemptFailureCode } from './failure.ts';
import { addTokens, NO_TOKENS, type Tokens, toTokens } from './tokens.ts';

export type SessionMessage = { readonly info: Message; readonly parts: readonly Part[] };

export type Sum = {
  readonly tokens: Tokens;
  readonly costUsd: number;
  readonly steps: number;
  /** Calls of the model's API that failed for good. Those that were repeated are in no message. */
  readonly apiErrors: number;
  readonly toolCalls: number;
};

export type Ending =
  /** The model has not come to an end. */
  | { readonly type: 'open' }
  | { readonly type: 'answered'; readonly text: string }
  | { readonly type: 'failed'; readonly failure: AttemptFailure };

export function sumUp(messages: readonly SessionMessage[]): Sum {
  const answers = messages.map(({ info }) => info).filter((info) => info.role === 'assistant');
  const parts = messages.flatMap((message) => message.parts);
  return {
    tokens: answers.map(({ tokens }) => toTokens(tokens)).reduce(addTokens, NO_TOKENS),
    costUsd: answers.reduce((sum, { cost }) => sum + cost, 0),
    steps: parts.filter(({ type }) => type === 'step-finish').length,
    apiErrors: answers.filter(({ error }) => error !== undefined && OF_THE_API.has(error.name)).length,
    toolCalls: parts.filter(({ type }) => type === 'tool').length,
  };
}

/** How an idle session ended. Its last message decides. */
export function readEnding(messages: readonly SessionMessage[]): Ending {
  // What was said to it last has the word: an answer from before is none.
  const last = messages.findLast(({ info }) => info.role === 'assistant' || info.role === 'user');
  if (last === undefined || last.info.role !== 'assistant') return { type: 'open' };
  const { info, parts } = last;
  if (info.error !== undefined) return { type: 'failed', failure: toFailure(info.error) };
  if (info.time.completed === undefined) return { type: 'open' };
  if (info.finish === 'tool-calls') {
    const message =
      'opencode stopped before the end: a tool asked for something that nobody is there to answer';
    return { type: 'failed', failure: new AttemptFailure('BLOCKED', message) };
  }
  const text = parts
    .filter((part) => part.type === 'text')
    .map((part) => part.text)
    .join('\n')
    .trim();
  return { type: 'answered', text };
}

type OpencodeError = NonNullable<AssistantMessage['error']>;

const CODE_OF_ERROR = {
  ProviderAuthError: 'MODEL_AUTH_FAILED',
  UnknownError: 'MODEL_UNAVAILABLE',
  MessageOutputLengthError: 'OUTPUT_TOO_LONG',
  MessageAbortedError: 'ABORTED',
  StructuredOutputError: 'MODEL_REFUSED',
  ContextOverflowError: 'CONTEXT_OVERFLOW',
  ContentFilterError: 'MODEL_REFUSED',
  APIError: 'MODEL_REFUSED',
} as const satisfies Record<OpencodeError['name'], AttemptFailureCode>;

const OF_THE_API: ReadonlySet<OpencodeError['name']> = new Set([
  'APIError',
  'ContextOverflowError',
  'ContentFilterError',
]);

const HTTP_UNAUTHENTICATED = new Set([401, 403]);

export function toFailure(error: OpencodeError): AttemptFailure {
  if (error.name === 'APIError') {
    const { message, statusCode, isRetryable } = error.data;
    const said = statusCode === undefined ? message : `${message} (HTTP ${statusCode})`;
    if (isRetryable) return new AttemptFailure('MODEL_UNAVAILABLE', said);
    const isAuth = statusCode !== undefined && HTTP_UNAUTHENTICATED.has(statusCode);
    return new AttemptFailure(isAuth ? 'MODEL_AUTH_FAILED' : 'MODEL_REFUSED', said);
  }
  const { message } = error.data as { readonly message?: unknown };
  const said = typeof message === 'string' && message !== '' ? message : error.name;
  return new AttemptFailure(CODE_OF_ERROR[error.name] ?? 'MODEL_UNAVAILABLE', said);
}
