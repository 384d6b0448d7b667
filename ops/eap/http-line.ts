/** The kit over HTTP: the gateway's routes for agents on loopback, with the kit behind them. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { FailureCode, HTTP_STATUS } from '#protocols/failure.ts';
import { type Ears, type Line, TELL_WITHIN_MS } from './line.ts';

interface Told {
  readonly id: string;
  readonly message: unknown;
  readonly answered: (answer: unknown) => void;
}

const AWAY_MS = 500;
const SPOILT = ['', '<html>Bad gateway</html>', '{"messages":[{"id":', '{"messages":7}'];
const Answered = z.object({ instance: z.string(), id: z.string(), answer: z.unknown() });
const Identified = z.looseObject({ id: z.string() });

export async function openHttpLine(options: { readonly agent: string; readonly ears: Ears }): Promise<Line> {
  const desk = new Desk(options.agent, options.ears);
  let server = await desk.listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    kind: 'http',
    environment: { OIO_GATEWAY_URL: `http://127.0.0.1:${port}` },
    secrets: [],
    tell: (instance, message) => desk.tell(instance, message),
    async tellNonsense() {
      await desk.spoilPolls();
      return null;
    },
    violations: () => desk.strays,
    async restart() {
      await close();
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      server = await desk.listen(port);
    },
    stop: close,
  };
}

class Desk {
  /** Requests for what is not this agent's, or not of the protocol. */
  readonly strays: string[] = [];
  readonly #root: string;
  readonly #ears: Ears;
  readonly #told = new Map<string, Told[]>();
  readonly #waiting = new Set<() => void>();
  /** What polls to come are answered with, and whom to tell once they were. */
  #spoilt: { readonly bodies: string[]; readonly done: () => void } | null = null;

  constructor(agent: string, ears: Ears) {
    this.#root = `/api/v1/agents/external/${agent}/`;
    this.#ears = ears;
  }

  async listen(port: number): Promise<Server> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  tell(instance: string, message: unknown): Promise<unknown> {
    const { id } = Identified.parse(message);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${id} was not answered`)), TELL_WITHIN_MS);
      const answered = (answer: unknown) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#told.set(instance, [...(this.#told.get(instance) ?? []), { id, message, answered }]);
      for (const wake of this.#waiting) wake();
    });
  }

  /** Answers the next polls with what something between here and the gateway might say. */
  async spoilPolls(): Promise<void> {
    const served = new Promise<void>((resolve) => {
      this.#spoilt = { bodies: [...SPOILT], done: resolve };
    });
    for (const wake of this.#waiting) wake();
    const timer = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('it polls no more')), TELL_WITHIN_MS).unref(),
    );
    await Promise.race([served, timer]);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = url.pathname.startsWith(this.#root) ? url.pathname.slice(this.#root.length) : null;
    const place = `${request.method} ${route}`;
    if (place === 'GET in') return this.#poll(url.searchParams, response);
    const text = await readBody(request);
    switch (place) {
      case 'POST out':
        return this.#hear(text, response);
      case 'POST heartbeat':
        this.#ears.onBeat(text);
        return send(response, 200, { heartbeatSeconds: 1 });
      case 'POST in/answers':
        return this.#answer(text, response);
      default:
        this.strays.push(`${request.method} ${url.pathname}`);
        return send(response, 404, problem('NOT_FOUND', 'there is nothing here', false));
    }
  }

  async #hear(text: string, response: ServerResponse): Promise<void> {
    const answer = await this.#ears.onOut(text);
    if (answer === null) return send(response, 504, problem('DEADLINE_EXCEEDED', 'nobody answered', true));
    if (answer.ok) return send(response, 200, answer);
    const { code, message, retryable } = answer.error;
    send(response, HTTP_STATUS[FailureCode.parse(code)], problem(code, message, retryable));
  }

  async #poll(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const instance = query.get('instance') ?? '';
    const waitMs = Number(query.get('wait_seconds') ?? 0) * 1_000;
    if ((this.#told.get(instance) ?? []).length === 0 && this.#spoilt === null)
      await this.#somethingTold(waitMs, response);
    const spoilt = this.#spoilt?.bodies.shift();
    if (spoilt !== undefined) return sendText(response, 200, spoilt);
    this.#spoilt?.done();
    this.#spoilt = null;
    const told = new Map((this.#told.get(instance) ?? []).map(({ id, message }) => [id, message]));
    send(response, 200, { messages: [...told.values()] });
  }

  #somethingTold(waitMs: number, response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      response.once('close', wake);
      this.#waiting.add(wake);
    });
  }

  #answer(text: string, response: ServerResponse): void {
    const { instance, id, answer } = Answered.parse(JSON.parse(text));
    const told = this.#told.get(instance) ?? [];
    this.#told.set(
      instance,
      told.filter((one) => one.id !== id),
    );
    for (const one of told.filter((each) => each.id === id)) one.answered(answer);
    response.writeHead(204).end();
  }
}

function problem(code: string, detail: string, retryable: boolean) {
  return { type: `urn:oio:problem:${code.toLowerCase()}`, title: code, code, detail, retryable };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  sendText(response, status, JSON.stringify(body));
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
