/**
 * An HTTP endpoint that trains as OpenAI's does: files are sent, a job is begun, and asked how it is until it is over.
 * What is read of its answers is little, since others that speak so differ in the rest.
 */
import { z } from 'zod';
import { parseJson } from './build.ts';
import { TuningFailure } from './failure.ts';

export interface EndpointOptions {
  /** With its version: `https://api.openai.com/v1`. */
  readonly url: string;
  readonly key: string | null;
}

const File = z.looseObject({ id: z.string().min(1) });

export const RemoteJob = z.looseObject({
  id: z.string().min(1),
  status: z.string(),
  fine_tuned_model: z.string().nullish(),
  trained_tokens: z.number().nullish(),
  error: z.looseObject({ message: z.string().nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
});
export type RemoteJob = z.infer<typeof RemoteJob>;

const JobList = z.looseObject({ data: z.array(RemoteJob) });

const metric = z.number().nullish();
export const RemoteEvent = z.looseObject({
  type: z.string().nullish(),
  data: z
    .looseObject({
      step: metric,
      train_loss: metric,
      valid_loss: metric,
      full_valid_loss: metric,
      total_steps: metric,
    })
    .nullish(),
});
const EventList = z.looseObject({ data: z.array(RemoteEvent), has_more: z.boolean().nullish() });
export type RemoteEvent = z.infer<typeof RemoteEvent>;

const TIMEOUT_MS = 120_000;
const DETAIL_CHARS_MAX = 500;

const inTime = () => AbortSignal.timeout(TIMEOUT_MS);

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #signal: AbortSignal;

  constructor(options: EndpointOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async upload(name: string, bytes: Uint8Array): Promise<string> {
    const form = new FormData();
    form.set('purpose', 'fine-tune');
    form.set('file', new Blob([new Uint8Array(bytes)], { type: 'application/jsonl' }), name);
    return (await this.#ask('POST', '/files', { body: form, shape: File })).id;
  }

  /** Its answer is waited for also when the work is told to end: a job whose id nobody knows could not be cancelled. */
  begin(body: object): Promise<RemoteJob> {
    return this.#ask('POST', '/fine_tuning/jobs', { body, shape: RemoteJob, signal: inTime() });
  }

  job(id: string): Promise<RemoteJob> {
    return this.#ask('GET', `/fine_tuning/jobs/${encodeURIComponent(id)}`, { shape: RemoteJob });
  }

  /** The latest jobs, the newest first. */
  async jobs(): Promise<RemoteJob[]> {
    return (await this.#ask('GET', '/fine_tuning/jobs?limit=100', { shape: JobList })).data;
  }

  /** The latest events, the newest first. */
  async events(id: string): Promise<RemoteEvent[]> {
    const path = `/fine_tuning/jobs/${encodeURIComponent(id)}/events?limit=100`;
    return (await this.#ask('GET', path, { shape: EventList })).data;
  }

  /** Asked for also when the work is told to end: with a signal of its own. */
  async cancel(id: string): Promise<void> {
    const path = `/fine_tuning/jobs/${encodeURIComponent(id)}/cancel`;
    await this.#ask('POST', path, { shape: z.unknown(), signal: inTime() });
  }

  async #ask<Shape extends z.ZodType>(
    method: 'GET' | 'POST',
    path: string,
    { body, shape, signal = this.#signal }: { body?: object; shape: Shape; signal?: AbortSignal },
  ): Promise<z.infer<Shape>> {
    const isForm = body instanceof FormData;
    const answer = await fetch(`${this.#options.url.replace(/\/$/, '')}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        ...(this.#options.key === null ? {} : { authorization: `Bearer ${this.#options.key}` }),
        ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      signal: AbortSignal.any([signal, inTime()]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new TuningFailure('TRAINER_AWAY', `the trainer cannot be reached: ${reasonOf(error)}`, true);
    });
    const text = await answer.text();
    if (!answer.ok) throw refusalOf(answer.status, text);
    const parsed = shape.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new TuningFailure(
      'TRAINER_UNCLEAR',
      `${method} ${path}: an answer that is none of OpenAI's`,
      false,
    );
  }
}

function refusalOf(status: number, text: string): TuningFailure {
  const detail = `the trainer answered ${status}: ${text.slice(0, DETAIL_CHARS_MAX)}`;
  const isLater = status === 408 || status === 409 || status === 429 || status >= 500;
  return new TuningFailure(
    status === 401 || status === 403 ? 'TRAINER_FORBIDS' : 'TRAINER_REFUSED',
    detail,
    isLater,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
