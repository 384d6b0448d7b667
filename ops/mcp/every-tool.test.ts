/** The official MCP client lists and calls every tool: over HTTP as of the newest revision and as of 2025's, and on stdio. */
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, onTestFinished, test } from 'vitest';
import { TOOLS } from '#gateway/mcp/tools.ts';
import { buildTestGateway } from '#gateway/testing/gateway.ts';
import { buildMcpCases } from '#gateway/testing/mcp-cases.ts';
import { buildRouteWorld, type RouteWorld } from '#gateway/testing/route-world.ts';

const OIO = join(import.meta.dirname, '../cli/oio');
const NEWEST = { versionNegotiation: { mode: { pin: '2026-07-28' } } } as const;
const LIMIT_MS = 60_000;

interface Line {
  readonly world: RouteWorld;
  readonly url: string;
}

async function startWorld(): Promise<Line> {
  const { app } = buildTestGateway();
  const world = await buildRouteWorld((await app.inject({ url: '/openapi.json' })).json());
  const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => void (await world.app.close()));
  return { world, url };
}

async function connect(transport: Transport, options = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, options);
  await client.connect(transport);
  onTestFinished(() => client.close());
  return client;
}

async function expectEveryTool(client: Client, world: RouteWorld): Promise<void> {
  const cases = Object.entries(buildMcpCases(world));

  const { tools } = await client.listTools();
  const told: unknown[] = [];
  for (const [name, { asked }] of cases) {
    const { isError, structuredContent, content } = await client.callTool({ name, arguments: asked });
    told.push([name, isError === true ? content : structuredContent]);
  }

  expect(tools.map(({ name }) => name).toSorted()).toEqual(cases.map(([name]) => name).toSorted());
  expect(told).toEqual(cases.map(([name, wanted]) => [name, expect.objectContaining(wanted.told)]));
}

test(
  'the newest revision over streamable HTTP lists and calls every tool',
  async () => {
    const { world, url } = await startWorld();
    const client = await connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)), NEWEST);

    await expectEveryTool(client, world);
  },
  LIMIT_MS,
);

test(
  'the revision of 2025 over streamable HTTP lists and calls every tool, without a session',
  async () => {
    const { world, url } = await startWorld();
    const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`));
    const client = await connect(transport, { versionNegotiation: { mode: 'legacy' } });

    await expectEveryTool(client, world);

    expect(transport.sessionId).toBeUndefined();
  },
  LIMIT_MS,
);

test(
  '`oio mcp` on stdio lists and calls every tool',
  async () => {
    const { world, url } = await startWorld();
    const env = { PATH: process.env.PATH ?? '', OIO_URL: url };
    const client = await connect(new StdioClientTransport({ command: OIO, args: ['mcp'], env }));

    await expectEveryTool(client, world);
  },
  LIMIT_MS,
);

test(
  'every tool says in its words what it takes, and which of them only read',
  async () => {
    const { url } = await startWorld();
    const client = await connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)), NEWEST);

    const { tools } = await client.listTools();

    for (const tool of tools) {
      const { name, description, inputSchema, outputSchema, annotations } = tool;
      expect([name, description?.length]).toEqual([name, expect.any(Number)]);
      expect([name, outputSchema?.type]).toEqual([name, 'object']);
      expect([name, annotations?.readOnlyHint]).toEqual([name, /^(?:get|list|read|watch)_/.test(name)]);
      for (const [field, schema] of Object.entries(inputSchema.properties ?? {})) {
        const said = Object(schema);
        const isPlain = 'description' in said || 'enum' in said || 'default' in said || 'maximum' in said;
        expect([name, field, isPlain || 'type' in said]).toEqual([name, field, true]);
      }
    }
    expect(tools.length).toBe(TOOLS.length);
  },
  LIMIT_MS,
);
