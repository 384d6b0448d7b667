/**
 * The API's client inside the gateway: each call goes through the gateway's own doors, in this process, with the
 * caller's credentials.
 *
 * I1. What checks a request from outside checks these too: schemas, quotas, the rate, who may do it.
 */
import type { FastifyRequest } from 'fastify';
import { type ApiClient, buildClient, type Fetch, type FetchAnswer } from '#protocols/client/client.ts';
import type { App } from '../context.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Who the caller is, and what its request belongs to. */
const PASSED_ON = ['authorization', 'cookie', 'x-request-id', 'traceparent', 'tracestate'];

export function buildInnerClient(app: App, caller: FastifyRequest, signal: AbortSignal): ApiClient {
  return buildClient({ url: '', fetch: fetchInside(app, caller), signal, timeoutMs: INNER_TIMEOUT_MS });
}

/** Longer than the longest that the API holds an answer back. */
const INNER_TIMEOUT_MS = 28_000;

function fetchInside(app: App, caller: FastifyRequest): Fetch {
  const passed = PASSED_ON.flatMap((name) => {
    const value = caller.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return async (url, { method, headers, body, signal }) => {
    const known = METHODS.find((one) => one === method);
    if (!known) throw new TypeError(`${method} is no method of the API`);
    signal.throwIfAborted();
    const answer = await app.inject({
      method: known,
      url,
      headers: { ...Object.fromEntries(passed), ...headers },
      remoteAddress: caller.ip,
      signal,
      ...(body === null ? {} : { payload: body }),
    });
    return toFetchAnswer(answer.statusCode, answer.rawPayload);
  };
}

function toFetchAnswer(status: number, bytes: Buffer): FetchAnswer {
  return {
    ok: status >= 200 && status < 300,
    status,
    json: async () => JSON.parse(bytes.toString('utf8')),
    text: async () => bytes.toString('utf8'),
    arrayBuffer: async () => Uint8Array.from(bytes).buffer,
  };
}
