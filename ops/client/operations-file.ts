/** The generated file, and what should stand in it: by a gateway of this tree that is asked and never listens. */
import { join } from 'node:path';
import { buildServer } from '#gateway/server.ts';
import { buildLogger } from '#runtime/logger.ts';
import { MemoryClient } from '#runtime/testing/client.ts';
import { generateOperations, type OpenApiDocument } from './generate.ts';

export const OPERATIONS_FILE = join(import.meta.dirname, '../../protocols/client/operations.generated.ts');

export async function operationsOfThisTree(): Promise<string> {
  const app = buildServer({
    client: new MemoryClient(),
    config: { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 1_000, auth: 'off' },
    logger: buildLogger({ level: 'silent', role: 'gateway' }),
  });
  const answer = await app.inject({ url: '/openapi.json' });
  await app.close();
  // Our own gateway's; that it is an OpenAPI document is tested beside it.
  return generateOperations(answer.json() as OpenApiDocument);
}
