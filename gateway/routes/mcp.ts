/**
 * The MCP server at `/mcp`: streamable HTTP without sessions. Any gateway answers any call, as nothing is kept between
 * two of them. Speaks the newest revision, and 2025's by its handshake.
 */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '#runtime/logger.ts';
import type { App } from '../context.ts';
import { buildInnerClient } from '../mcp/inner-client.ts';
import { buildMcpServer, INSTRUCTIONS, MCP_VERSION } from '../mcp/server.ts';
import { TOOLS } from '../mcp/tools.ts';

export const MCP_PATH = '/mcp';

export function mcpRoute(app: App, logger: Logger): void {
  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: MCP_PATH,
    exposeHeadRoute: false,
    // It is no operation of the REST API: what it takes is in its own `tools/list`.
    schema: { hide: true },
    handler: (request, reply) => answer(app, { request, reply, logger }),
  });
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly logger: Logger;
}

async function answer(app: App, { request, reply, logger }: Exchange): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(new Error('nobody waits for the answer any more')));
  const handler = createMcpHandler(
    () =>
      buildMcpServer({
        tools: TOOLS,
        apiUntil: (signal) => buildInnerClient(app, request, AbortSignal.any([signal, gone.signal])),
        version: MCP_VERSION,
        instructions: INSTRUCTIONS,
        onDefect: (err, tool) => logger.error({ err, tool }, 'tool failed'),
      }),
    { onerror: (err) => logger.debug({ err }, 'mcp request refused') },
  );
  return reply.send(await handler.fetch(toWebRequest(request), { parsedBody: request.body }));
}

/** What the handler looks at: method, address and headers. The body is parsed already. */
function toWebRequest({ method, headers, url }: FastifyRequest): Request {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  const body = method === 'POST' ? { body: '{}' } : {};
  return new Request(new URL(url, 'http://gateway.invalid'), { method, headers: given, ...body });
}
