/** The OpenAPI document at /openapi.json, made of the routes' own schemas. */

import swagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { App } from './context.ts';
import { withAccess } from './openapi-access.ts';
import { addExamples } from './openapi-examples.ts';

const TAGS = [
  { name: 'sessions', description: 'Pieces of work that people ask for.' },
  { name: 'tasks', description: 'The steps of a session.' },
  { name: 'blueprints', description: 'Ways to make tasks of a session, kept by version.' },
  { name: 'artifacts', description: 'Files that came out of tasks.' },
  { name: 'agents', description: 'Who does the tasks.' },
  { name: 'approvals', description: 'What agents ask of people, and the rules of what needs none.' },
  { name: 'contexts', description: 'Shared, versioned memory of tasks, sessions, agents and the tenant.' },
  { name: 'locks', description: 'Named locks with leases, queues and fencing tokens.' },
  { name: 'fine-tuning', description: 'Data sets of accepted work, and trainings on them.' },
  { name: 'models', description: 'Models that were trained, by version, and which one is used where.' },
  { name: 'audit', description: 'What was done by force, by whom and why.' },
  { name: 'access', description: 'Keys, logins, and who one is.' },
  { name: 'events', description: 'What happened, past and live.' },
  {
    name: 'dead-letters',
    description: 'Messages that were set aside, for a person to mend, send again or drop.',
  },
  { name: 'cluster', description: 'Nodes, partitions and single actors, as the runtime has them.' },
  { name: 'actors', description: 'Any actor: its past, forks from it, and whether it takes its messages.' },
  { name: 'scheduling', description: 'Who may have how much at once, and who waits.' },
  { name: 'health', description: 'Whether all is well.' },
];

/** Must be registered before the routes that it shall describe. */
export function addOpenApi(app: App): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'OpenCode Industrial Orchestrator',
        version: '0.1.0',
        description:
          'The control plane for autonomous coding agents. Every error is a problem document (RFC 9457) with a code; ' +
          'every POST takes an Idempotency-Key. Entities have an ETag; what changes one takes If-Match and answers 412 ' +
          'where another version is there (contexts and dead letters: 409, with both values). Each operation names the action ' +
          'that one must be allowed (`x-oio-action`), where the gateway asks who one is.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This gateway.' }],
      tags: TAGS,
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => addExamples(withAccess(tidy(jsonSchemaTransformObject(document)))),
  });
}

/** The document itself; its reference for people is in reference.ts. */
export function addDocument(app: App): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

interface Operation {
  requestBody?: {
    required?: boolean;
    content: Record<string, { schema: { type?: string; required?: unknown } }>;
  };
}

/** Keeps the shapes that some route names, under their own names, and says of bodies whether they may be left out. */
function tidy<Given extends object>(given: Given): Given {
  const document: Document = given;
  for (const { requestBody } of Object.values(document.paths ?? {}).flatMap((path) => Object.values(path))) {
    const schemas = Object.values(requestBody?.content ?? {}).map((one) => one.schema);
    const isOptional = schemas.every((schema) => schema.type === 'object' && schema.required === undefined);
    if (requestBody && isOptional) requestBody.required = false;
  }
  const schemas = document.components?.schemas ?? {};
  const used = namesUsed(document.paths ?? {}, schemas);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  const tidied: Given = { ...given, components: { ...document.components, schemas: kept } };
  return withPlainNames(tidied, used);
}

function namesUsed(paths: unknown, schemas: Readonly<Record<string, unknown>>): Set<string> {
  const used = new Set<string>();
  const visit = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      visit(schemas[name] ?? null);
    }
  };
  visit(paths);
  return used;
}

/** A shape that is only ever sent to us is registered as `…Input`; it needs no second name. */
function withPlainNames<Given extends object>(document: Given, used: ReadonlySet<string>): Given {
  let text = JSON.stringify(document);
  for (const name of used) {
    const plain = name.replace(/Input$/, '');
    if (plain === name || used.has(plain)) continue;
    text = text.replaceAll(`schemas/${name}"`, `schemas/${plain}"`).replace(`"${name}":`, `"${plain}":`);
  }
  // Only names changed: what was a document still is one.
  return JSON.parse(text);
}
