/**
 * A chat-completions endpoint that answers from scripts, so that a whole fleet can be tried without a model and
 * without a network. It listens on the loopback address only and takes each chunk its time, so that work can be seen.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildChunks, buildCompletion, estimateUsage } from './completion.ts';
import { ChatRequest, chooseAnswer } from './conversation.ts';
import { CRUD_SCRIPTS } from './crud-scripts.ts';
import { MODEL_ID } from './provider.ts';
import type { Script } from './script.ts';

export type ModelRequest = {
  readonly script: string;
  readonly step: number;
  readonly toolCount: number;
  readonly title: boolean;
};

export type ScriptedModel = {
  /** The base URL for a provider's configuration, ending in /v1. */
  readonly url: string;
  /** What was asked, the newest last; only the last `REQUESTS_KEPT_MAX`. */
  readonly requests: readonly ModelRequest[];
  stop(): Promise<void>;
};

export type ScriptedModelOptions = {
  readonly port?: number;
  /** How long each chunk of a stream is held back. */
  readonly delayMs?: number;
  readonly scripts?: readonly Script[];
};

type Serving = {
  readonly delayMs: number;
  readonly scripts: readonly Script[];
  readonly requests: ModelRequest[];
};

const BODY_BYTES_MAX = 16 * 1024 * 1024;
const REQUESTS_KEPT_MAX = 1000;

export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const requests: ModelRequest[] = [];
  const serving: Serving = {
    delayMs: options.delayMs ?? 40,
    scripts: options.scripts ?? CRUD_SCRIPTS,
    requests,
  };
  const server = createServer((request, response) => {
    serve(serving, request, response).catch((cause: unknown) => {
      const message = cause instanceof Error ? cause.message : String(cause);
      if (response.headersSent) response.destroy();
      else sendJson(response, 400, { error: { message, type: 'invalid_request_error' } });
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');

  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(serving: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (request.method === 'GET' && path === '/v1/models') {
    return sendJson(response, 200, { object: 'list', data: [{ id: MODEL_ID, object: 'model' }] });
  }
  if (request.method !== 'POST' || path !== '/v1/chat/completions') {
    return sendJson(response, 404, {
      error: { message: `no such route: ${path}`, type: 'invalid_request_error' },
    });
  }
  const body = await readBody(request);
  return complete(serving, ChatRequest.parse(JSON.parse(body)), response);
}

async function complete(serving: Serving, asked: ChatRequest, response: ServerResponse): Promise<void> {
  const { script, step, answer } = chooseAnswer(serving.scripts, asked);
  serving.requests.push({ script, step, toolCount: asked.tools?.length ?? 0, title: script === 'title' });
  if (serving.requests.length > REQUESTS_KEPT_MAX) serving.requests.shift();
  if (answer.type === 'fail') {
    return sendJson(response, answer.status, { error: { message: answer.message, type: 'scripted_error' } });
  }

  const envelope = { id: randomUUID(), created: Math.floor(Date.now() / 1000), model: asked.model };
  const usage = estimateUsage(JSON.stringify(asked.messages).length, answer);
  if (asked.stream !== true) return sendJson(response, 200, buildCompletion(envelope, answer, usage));
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const chunk of buildChunks(envelope, answer, usage)) {
    // The caller gave up (an aborted task): nobody is there to read the rest.
    if (response.destroyed) return;
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    await sleep(serving.delayMs);
  }
  response.end('data: [DONE]\n\n');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`a request is at most ${BODY_BYTES_MAX} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
