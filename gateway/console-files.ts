/** The built console at `/`: its files, and its page for every address that a browser may be at. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_PREFIX, type App, pathOf } from './context.ts';

const POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'; object-src 'none'";

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>The console is not built</title>
<body style="font: 16px/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; color-scheme: light dark">
<h1>The console is not built</h1>
<p>Run <code>npm run build</code> and start the gateway again.</p>
<p>The interface works without it: <a href="/docs">reference</a>, <a href="/ready">readiness</a>.</p>
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0a0a0a" d="M0 0h16v16H0z"/><path fill="#00ff88" d="M3 3h4v10H3z"/><path fill="#0088ff" d="M9 3h4v6H9z"/></svg>`;

export interface ConsoleFiles {
  /** Answers a browser that asks for a page; false where the request is not such a one. */
  showPage(request: FastifyRequest, reply: FastifyReply): FastifyReply | null;
}

export function addConsoleFiles(app: App, folder: string): ConsoleFiles {
  const isBuilt = existsSync(join(folder, 'index.html'));
  if (isBuilt) {
    app.register(fastifyStatic, {
      root: folder,
      wildcard: true,
      cacheControl: false,
      // Names in assets/ hold a hash of their content.
      setHeaders: (reply, path) => {
        const isHashed = path.startsWith(join(folder, 'assets'));
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
        reply.header('content-security-policy', POLICY);
      },
    });
  }
  app.get('/favicon.ico', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'public, max-age=86400').send(ICON),
  );
  return {
    showPage(request, reply) {
      if (!wantsPage(request)) return null;
      if (!isBuilt) return reply.code(404).type('text/html').send(NOT_BUILT);
      return reply.code(200).sendFile('index.html');
    },
  };
}

function wantsPage(request: FastifyRequest): boolean {
  const path = pathOf(request.url);
  const isPageAddress = !path.startsWith(API_PREFIX) && !path.startsWith('/assets/') && path !== '/ws';
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && isPageAddress && (request.headers.accept ?? '').includes('text/html');
}
