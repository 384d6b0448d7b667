/** An endpoint for tests that speaks as OpenAI's fine-tuning does, and whose jobs go as far as the test lets them. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface ScriptedJob {
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
  status: string;
  events: object[];
  fine_tuned_model: string | null;
  error: { message: string } | null;
}

export class ScriptedEndpoint {
  readonly #server: Server;
  /** What was sent, by id. */
  readonly files = new Map<string, string>();
  readonly jobs: ScriptedJob[] = [];
  readonly keys = new Set<string | undefined>();
  /** Answered to the next request, whatever it is. */
  nextStatus: number | null = null;
  /** What is asked takes place at once; its answer is sent this much later. */
  answersAfterMs = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ScriptedEndpoint> {
    const server = createServer((request, response) => void endpoint.#answer(request, response));
    const endpoint = new ScriptedEndpoint(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/v1`;
  }

  /** The latest job goes on: its state, and points of its curve, which it tells newest first. */
  go(status: string, steps: readonly { step: number; train_loss: number; valid_loss?: number }[] = []): void {
    const job = this.jobs.at(-1);
    if (!job) throw new Error('there is a job');
    job.status = status;
    job.events = [
      ...steps.map((data) => ({ type: 'metrics', data: { ...data, total_steps: 4 } })).toReversed(),
      ...job.events,
    ];
    if (status === 'succeeded') job.fine_tuned_model = `ft:${String(job.body.model)}:oio`;
    if (status === 'failed') job.error = { message: 'the file is not valid' };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer); // Node gives buffers.
    const say = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    this.keys.add(request.headers.authorization);
    if (this.nextStatus !== null) {
      say(this.nextStatus, { error: { message: 'as the test says' } });
      this.nextStatus = null;
      return;
    }
    const body = Buffer.concat(chunks).toString('utf8');
    const path = (request.url ?? '').replace(/^\/v1/, '').replace(/\?.*$/, '');
    const found = this.#serve(`${request.method} ${path}`, body);
    await pause(this.answersAfterMs);
    if (found) say(200, found);
    else say(404, { error: { message: `there is nothing at ${path}` } });
  }

  #serve(asked: string, body: string): object | null {
    if (asked === 'POST /files') {
      const id = `file-${this.files.size + 1}`;
      this.files.set(id, body);
      return { id, object: 'file', purpose: 'fine-tune' };
    }
    if (asked === 'GET /fine_tuning/jobs') return { data: this.jobs.map(toView).toReversed() };
    if (asked === 'POST /fine_tuning/jobs') {
      const given: Record<string, unknown> = JSON.parse(body);
      const id = `ftjob-${this.jobs.length + 1}`;
      this.jobs.push({ id, body: given, status: 'queued', events: [], fine_tuned_model: null, error: null });
      return toView(this.jobs.at(-1));
    }
    const [, id, act] = /^\w+ \/fine_tuning\/jobs\/([\w-]+)(?:\/(\w+))?$/.exec(asked) ?? [];
    const job = this.jobs.find((one) => one.id === id);
    if (!job) return null;
    if (act === 'events') return { data: job.events.slice(0, 100), has_more: false };
    if (act === 'cancel') job.status = 'cancelled';
    return toView(job);
  }
}

function toView(job: ScriptedJob | undefined): object {
  if (!job) return {};
  const { id, status, fine_tuned_model, error, body } = job;
  const trained_tokens = status === 'succeeded' ? 1_234 : null;
  return {
    id,
    object: 'fine_tuning.job',
    status,
    fine_tuned_model,
    trained_tokens,
    error,
    metadata: body.metadata,
  };
}
