/**
 * A typed client of the HTTP API: a function for each operation of the OpenAPI document, for the console, the CLI and
 * tests. What follows from the document is generated beside it; here is how a call is made. The one thing here that is
 * not pure is the `fetch` that it is given.
 *
 * C1. Every call has a deadline.
 * C2. A call that is made again bears the same idempotency key: it is applied once.
 */
import type { Problem } from '../failure.ts';
import { OPERATIONS, type OperationId, type Operations } from './operations.generated.ts';

export type ApiClient = {
  readonly [Id in OperationId]: (...asked: Arguments<Id>) => Promise<Operations[Id]['answer']>;
};

/** What a call takes may be left out where nothing of it is needed. */
type Arguments<Id extends OperationId> =
  Record<never, never> extends Operations[Id]['asked']
    ? [asked?: Operations[Id]['asked']]
    : [asked: Operations[Id]['asked']];

/** As much of the platform's `fetch` as is needed. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal;
}

export interface FetchAnswer {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface ClientOptions {
  /** Where the gateway is, without a slash at the end; empty: where the page came from. */
  readonly url: string;
  readonly fetch: Fetch;
  /** Sent with every request: who asks. Left out: nobody says, or a browser's cookie does. */
  readonly key?: string;
  /** For one request; 15 s. */
  readonly timeoutMs?: number;
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
  /** Nobody home, or told to come again: for how long it is tried, and how keys are made for what is repeated. */
  readonly patience?: { readonly ms: number; readonly newKey: () => string };
}

/** The gateway said no. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  /** Null where the answer was none of the gateway's. */
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    const faults = problem?.errors?.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
    const detail = problem ? `${problem.code}: ${problem.detail}` : `the gateway answered ${status}`;
    super(`${detail}${faults ? ` (${faults})` : ''}`);
    this.status = status;
    this.problem = problem;
  }
}

/** There was no answer: nobody is there, or not in time. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

const TIMEOUT_MS = 15_000;
const PAUSE_MS = 200;

/** Builds a client; nothing is asked yet. Calls reject with Refused or Unreachable. */
export function buildClient(options: ClientOptions): ApiClient {
  const calls = Object.entries(OPERATIONS).map(([id, place]) => [
    id,
    (asked: Asked = {}) => call(options, place, asked),
  ]);
  // A function for each operation, by its id: what OPERATIONS has, Operations says the types of.
  return Object.fromEntries(calls) as ApiClient;
}

type Asked = Readonly<Record<string, unknown>>;

interface Place {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly headers: readonly string[];
  readonly reads: 'json' | 'text' | 'bytes' | 'nothing';
}

const KEY = 'idempotency-key';

async function call(options: ClientOptions, place: Place, asked: Asked): Promise<unknown> {
  const { patience } = options;
  const isKeyed = patience !== undefined && place.headers.includes(KEY) && asked[KEY] === undefined;
  const whole = isKeyed ? { ...asked, [KEY]: patience.newKey() } : asked;
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const answer = await request(options, place, whole).catch((error: unknown) => {
      if (!mayPass(error) || waitedMs >= (patience?.ms ?? 0)) throw error;
      return null;
    });
    if (answer) return read(place, answer);
    await pause(PAUSE_MS, options.signal);
  }
}

async function request(options: ClientOptions, place: Place, asked: Asked): Promise<FetchAnswer> {
  const answer = await options
    .fetch(options.url + targetOf(place, asked), {
      method: place.method,
      headers: { ...headersOf(place, asked), ...credentialOf(options) },
      body: asked.body === undefined ? null : JSON.stringify(asked.body),
      signal: signalOf(options),
    })
    .catch((error: unknown) => {
      options.signal?.throwIfAborted();
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      throw new Unreachable(isLate ? 'no answer in time' : 'the gateway cannot be reached', { cause: error });
    });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  throw new Refused(answer.status, isProblem(said) ? said : null);
}

/** Told by hand: zod tries whether it may compile, which a page with a content security policy may not. */
function isProblem(said: unknown): said is Problem {
  return typeof said === 'object' && said !== null && 'code' in said && 'detail' in said;
}

/** Path and query; a list is repeated, what is undefined is left out. */
function targetOf(place: Place, asked: Asked): string {
  const path = place.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(asked[name])));
  const pairs = place.query.flatMap((name) =>
    [asked[name] ?? []].flat().map((value) => `${name}=${encodeURIComponent(String(value))}`),
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

function headersOf(place: Place, asked: Asked): Record<string, string> {
  const given = place.headers.filter((name) => asked[name] !== undefined);
  return {
    accept: 'application/json, application/problem+json, */*',
    ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...Object.fromEntries(given.map((name) => [name, String(asked[name])])),
  };
}

function credentialOf({ key }: ClientOptions): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}

function signalOf({ timeoutMs = TIMEOUT_MS, signal }: ClientOptions): AbortSignal {
  const deadline = AbortSignal.timeout(timeoutMs);
  return signal ? AbortSignal.any([signal, deadline]) : deadline;
}

async function read(place: Place, answer: FetchAnswer): Promise<unknown> {
  switch (place.reads) {
    case 'json':
      return answer.json();
    case 'text':
      return answer.text();
    case 'bytes':
      return new Uint8Array(await answer.arrayBuffer());
    case 'nothing':
      return undefined;
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Refused && error.problem?.retryable === true);
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
