/** One request to the opencode server: its answer, or a failure that says what was wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AttemptFailure } from './failure.ts';

type Fields<Data> = { readonly data?: Data; readonly error?: unknown; readonly response?: Response };

const REQUEST_MS = 30_000;
const READ_TRIES_MAX = 3;
const READ_PAUSE_MS = 100;

/** For questions: a request that changes nothing may be repeated when its connection breaks. */
export async function read<Data>(
  what: string,
  request: () => Promise<Fields<Data>>,
): Promise<NonNullable<Data>> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(what, request());
    } catch (error) {
      const isBroken = error instanceof AttemptFailure && error.code === 'OPENCODE_UNAVAILABLE';
      if (!isBroken || tries >= READ_TRIES_MAX) throw error;
      await sleep(READ_PAUSE_MS);
    }
  }
}

/** For requests that are answered with something. */
export async function ask<Data>(what: string, request: Promise<Fields<Data>>): Promise<NonNullable<Data>> {
  const fields = await awaitAnswer(what, request);
  if (fields.data === undefined || fields.data === null) throw toFailure(what, fields);
  return fields.data;
}

/** For requests that are only done. */
export async function tell(what: string, request: Promise<Fields<unknown>>): Promise<void> {
  await awaitAnswer(what, request);
}

async function awaitAnswer<Data>(what: string, request: Promise<Fields<Data>>): Promise<Fields<Data>> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${REQUEST_MS} ms`)), REQUEST_MS);
  let fields: Fields<Data>;
  try {
    fields = await Promise.race([request, late.promise]);
  } catch (error) {
    throw toFailure(what, { error });
  } finally {
    clearTimeout(timer);
  }
  if (fields.error !== undefined || fields.response?.ok !== true) throw toFailure(what, fields);
  return fields;
}

function toFailure(what: string, { error, response }: Fields<unknown>): AttemptFailure {
  const status = response?.status;
  const isRefused = status !== undefined && status >= 400 && status < 500;
  const said = status === undefined ? describe(error) : `HTTP ${status}, ${describe(error)}`;
  const code = isRefused ? 'OPENCODE_REFUSED' : 'OPENCODE_UNAVAILABLE';
  return new AttemptFailure(code, `opencode did not give ${what}: ${said}`, error);
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'string') return error;
  return JSON.stringify(error) ?? 'nothing said';
}
