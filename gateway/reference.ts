/**
 * The page of the API's reference at /docs, and its script.
 *
 * The package keeps its script of 4 MB as text in its own code: read here, it would take 47 MB of every gateway for a page
 * that few open. So it is asked for in a thread of its own when the page is first opened, and only what it answers is kept.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createGunzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from './context.ts';
import type { ReferenceFiles } from './reference-main.ts';

/** The reference brings its script along; its page needs inline script and style, and loads nothing else. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'";
const SCRIPT_SECONDS = 3_600;
const READ_MS = 30_000;

export function addReference(app: App): void {
  let reading: Promise<ReferenceFiles> | null = null;
  const read = () => {
    // A reading that failed is tried again by the next who asks.
    reading ??= readFiles().catch((error: unknown) => {
      reading = null;
      throw error;
    });
    return reading;
  };
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs/', 301));
  app.get('/docs/', { schema: { hide: true } }, async (_request, reply) => {
    const { page } = await read();
    return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page);
  });
  app.get('/docs/js/scalar.js', { schema: { hide: true } }, async (request, reply) => {
    const { script } = await read();
    reply
      .header('content-security-policy', POLICY)
      .header('cache-control', `public, max-age=${SCRIPT_SECONDS}`)
      .header('vary', 'accept-encoding')
      .type('application/javascript; charset=utf-8');
    return sendZipped(request, reply, script);
  });
}

function sendZipped(request: FastifyRequest, reply: FastifyReply, zipped: Buffer): FastifyReply {
  if (/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? '')))
    return reply.header('content-encoding', 'gzip').send(zipped);
  const plain = createGunzip();
  plain.end(zipped);
  return reply.send(plain);
}

async function readFiles(): Promise<ReferenceFiles> {
  const worker = new Worker(new URL('./reference-main.ts', import.meta.url), { stderr: false });
  try {
    const signal = AbortSignal.timeout(READ_MS);
    const [files] = (await once(worker, 'message', { signal })) as [ReferenceFiles];
    return { page: files.page, script: Buffer.from(files.script) };
  } finally {
    await worker.terminate();
  }
}
