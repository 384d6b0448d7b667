/** A thread that says the reference's page and its script, zipped, and ends: see reference.ts. */
import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import apiReference from '@scalar/fastify-api-reference';
import Fastify from 'fastify';

export interface ReferenceFiles {
  readonly page: string;
  /** Zipped. */
  readonly script: Buffer;
}

const app = Fastify();
await app.register(apiReference, {
  routePrefix: '/docs',
  configuration: {
    url: '/openapi.json',
    pageTitle: 'OpenCode Industrial Orchestrator · API',
    withDefaultFonts: false,
    telemetry: false,
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: 'never',
  },
});
const page = await app.inject('/docs/');
const script = await app.inject('/docs/js/scalar.js');
if (page.statusCode !== 200 || script.statusCode !== 200) throw new Error('the reference is not there');
const files: ReferenceFiles = { page: page.body, script: gzipSync(script.body) };
parentPort?.postMessage(files);
